"""What allauth does with second factors and confirmations, told to the audit log."""

from typing import Any

from allauth.account.signals import authentication_step_completed
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from appliance.accounts import second_factor
from appliance.accounts.limits import client_address
from appliance.accounts.models import User
from connector.audit import log
from connector.audit.actions import Action

KINDS = {
    Authenticator.Type.TOTP: "app",
    Authenticator.Type.WEBAUTHN: "passkey",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
}


@receiver(post_save, sender=Authenticator)
def _added(sender: object, instance: Any, created: bool, **_: object) -> None:
    if created:
        _record(Action.SECOND_FACTOR_ADDED, instance)


@receiver(post_delete, sender=Authenticator)
def _removed(sender: object, instance: Any, **_: object) -> None:
    _record(Action.SECOND_FACTOR_REMOVED, instance)


@receiver(authentication_failed)
def _refused(
    sender: object, request: HttpRequest, user: User, authenticator: Any, **_: object
) -> None:
    with transaction.atomic():
        log.record(
            Action.SECOND_FACTOR_REFUSED,
            actor="anonymous" if not request.user.is_authenticated else user.username,
            subject=f"account:{user.username}",
            kind=KINDS[authenticator.type],
            address=client_address(request),
        )


@receiver(authentication_step_completed)
def _confirmed(
    sender: object, request: HttpRequest, user: User, method: str, **more: object
) -> None:
    if more.get("reauthenticated") and method != "sign-in":
        with transaction.atomic():
            log.record(
                Action.CONFIRMED,
                actor=user.username,
                subject=f"account:{user.username}",
                method="password" if method == "password" else "second factor",
                address=client_address(request),
            )


def _record(action: Action, instance: Any) -> None:
    request = context.request
    asks = getattr(request, "user", None)
    with transaction.atomic():
        log.record(
            action,
            actor=asks.get_username() if asks and asks.is_authenticated else "command",
            subject=f"account:{instance.user.username}",
            kind=KINDS[instance.type],
        )
    if asks and asks.pk == instance.user_id:
        second_factor.settle(request, asks)
