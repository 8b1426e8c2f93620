"""What allauth does here in another way: no sign-up, no mail, our limits, the audit log."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import (
    get_authentication_records,
    record_authentication,
)
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from appliance.accounts import limits, second_factor, sessions
from appliance.accounts.backend import person
from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import mac
from connector.crypto.keyring import Domain, get_keyring

# The same sentence for a wrong name, a wrong password and a pause.
NO_FIT = "That name and password don’t fit together."
TOO_MANY = "Too many tries: nothing was checked. Wait for 15 minutes."
OWN_WORDS = {"password": "password", "mfa": "second factor", "socialaccount": "single sign-on"}


@transaction.atomic
def refuse(request: HttpRequest, subject: str, reason: str) -> None:
    """Record that somebody was not let in."""
    log.record(
        Action.SIGN_IN_REFUSED,
        actor="anonymous",
        subject=subject[:150],
        address=limits.client_address(request),
        reason=reason,
    )


class Account(DefaultAccountAdapter):  # type: ignore[misc]
    """Signing in and out."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": NO_FIT,
        "email_password_mismatch": NO_FIT,
        "too_many_login_attempts": TOO_MANY,
        "incorrect_password": "That is not your password.",
        "rate_limited": TOO_MANY,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return limits.client_address(request) or "unknown"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        if not limits.take(request, _name(credentials)):
            raise self.validation_error("username_password_mismatch")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        if user is None:
            return None
        if not second_factor.may_use_password(user):
            refuse(request, f"account:{user.get_username()}", "passwords are for owners alone")
            return None
        limits.forget(request, _name(credentials))
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A name that isn't known stands as a keyed hash: people type passwords into its field."""
        name = _name(credentials)
        found = person(name)
        unknown = mac.keyed_hash(Domain.AUDIT, "unknown name", name.encode()).hex()
        subject = f"account:{found.username}" if found else f"account:~{unknown}"
        refuse(request, subject, "name or password")

    @transaction.atomic
    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Start the session. Who has just proved to be themselves need not confirm it again."""
        methods = [record["method"] for record in get_authentication_records(request, user)]
        super().login(request, user)
        sessions.note_device(request)
        name = user.get_username()
        log.record(
            Action.SIGNED_IN,
            actor=name,
            subject=f"account:{name}",
            address=limits.client_address(request),
            method=" and ".join(dict.fromkeys(OWN_WORDS.get(each, each) for each in methods)),
        )
        if set(methods) & {"password", "mfa"}:
            record_authentication(request, user, method="sign-in", reauthenticated=True)

    @transaction.atomic
    def logout(self, request: HttpRequest) -> None:
        """End the session."""
        name = request.user.get_username()
        log.record(
            Action.SIGNED_OUT,
            actor=name,
            subject=f"account:{name}",
            address=limits.client_address(request),
        )
        super().logout(request)

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Somebody who may not sign in any more had a passkey or a provider's word."""
        refuse(request, f"account:{user.get_username()}", "may not sign in any more")
        return redirect(settings.LOGIN_URL)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Who has neither a password nor a second factor here sets one up to confirm with."""
        set_up = {"id": "set-up", "description": "Set one up", "url": reverse("second-factor")}
        return super().get_reauthentication_methods(user) or [set_up]

    def add_message(self, *_: Any, **__: Any) -> None:
        """The pages say themselves what happened."""

    def send_mail(self, *_: Any, **__: Any) -> None:
        """This box sends no mail about accounts."""


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors. They are sealed in seals.py, where their row is known."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "That code is not right, or was used already.",
        "cannot_delete_authenticator": "You need a second factor here. Add another one first.",
    }

    def get_totp_issuer(self) -> str:
        return f"ml-connector {get_keyring().cell[:8]}"

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        return second_factor.can_do_without(authenticator)

    def generate_authenticator_name(self, user: AbstractBaseUser, _type: Any) -> str:
        return f"Passkey {second_factor.passkeys_of(user).count() + 1}"


def _name(credentials: dict[str, Any]) -> str:
    return str(credentials.get("username") or credentials.get("email") or "")
