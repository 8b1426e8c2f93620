"""Who needs a second factor: the owner decides, and whoever needs one sets it up first."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from appliance.accounts.models import Session, SignInRules, User
from connector.audit import log
from connector.audit.actions import Action

SETTLED = "second_factor_settled"
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
ROLES = {
    SignInRules.Who.NOBODY: frozenset[str](),
    SignInRules.Who.HANDS: frozenset({User.Role.OWNER, User.Role.OPERATOR}),
    SignInRules.Who.ALL: frozenset(User.Role),
}
# What somebody may open who has to set up a second factor first.
BEFORE = {
    *("second-factor", "mfa_activate_totp", "account-app-qr", "mfa_add_webauthn"),
    *("confirm", "account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"),
    *("sign-in", "account_login", "sign-out", "theme", "health-live", "health-ready", "hook"),
}


def rules() -> SignInRules:
    """What the owner decided, or what holds until then: in production, hands need one."""
    by_default = SignInRules.Who.HANDS if settings.MODE == "production" else SignInRules.Who.NOBODY
    return SignInRules.objects.first() or SignInRules(second_factor=by_default)


def is_required_of(user: User) -> bool:
    """Whether this person needs a second factor."""
    return user.role in ROLES[SignInRules.Who(rules().second_factor)]


def may_use_password(user: Any) -> bool:
    """Whether a password is enough of a first step: not if the owner wants single sign-on."""
    alone = settings.SSO_ISSUER and rules().passwords_for_owners_alone
    return not alone or user.role == User.Role.OWNER


def has_one(user: AbstractBaseUser) -> bool:
    """Whether this person has one. Recovery codes alone are none."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=KINDS).exists())


def passkeys_of(user: AbstractBaseUser) -> "QuerySet[Any]":
    """The passkeys of a person."""
    found: QuerySet[Any] = Authenticator.objects.filter(
        user_id=user.pk, type=Authenticator.Type.WEBAUTHN
    )
    return found


def can_do_without(authenticator: Authenticator) -> bool:
    """Whether its person may remove this one."""
    others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=KINDS)
    return not is_required_of(authenticator.user) or others.exclude(pk=authenticator.pk).exists()


def settle(request: HttpRequest, user: User) -> bool:
    """Note in the session whether its person may go on; asked when that may have changed."""
    settled = has_one(user) or not is_required_of(user)
    request.session[SETTLED] = settled
    return settled


@receiver(user_logged_in)
def _at_sign_in(sender: object, request: HttpRequest, user: User, **_: object) -> None:
    settle(request, user)


class SecondFactorFirst:
    """Middleware: a session without the second factor that it needs leads to one page only."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = self.get_response(request)
        return answer

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, _kwargs: object
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match and match.url_name in BEFORE and not match.namespace:
            return None
        user = request.user
        if not isinstance(user, User) or request.session.get(SETTLED) or settle(request, user):
            return None
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(status=401, headers={"HX-Redirect": "/second-factor/"})
        return redirect("second-factor")


@transaction.atomic
def change_rules(
    *, second_factor: str, passwords_for_owners_alone: bool, actor: str, keep: bytes
) -> int:
    """Decide who needs a second factor. Sessions of people who now lack one end.

    Args:
        keep: hash of the key of the session that decides; it stays.

    Returns:
        How many sessions ended.
    """
    SignInRules.objects.update_or_create(
        id=1,
        defaults={
            "second_factor": second_factor,
            "passwords_for_owners_alone": passwords_for_owners_alone,
        },
    )
    having = Authenticator.objects.filter(type__in=KINDS).values("user_id")
    lacking = Session.objects.filter(user__role__in=ROLES[SignInRules.Who(second_factor)])
    ended, _ = lacking.exclude(user_id__in=having).exclude(key_hash=keep).delete()
    log.record(
        Action.SIGN_IN_RULES_CHANGED,
        actor=actor,
        subject="sign-in",
        second_factor=second_factor,
        passwords_for_owners_alone=passwords_for_owners_alone,
        sessions=ended,
    )
    return ended
