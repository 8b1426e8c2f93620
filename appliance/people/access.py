"""Giving access and taking it away. The box always keeps one active owner."""

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Q

from appliance.accounts import sessions
from appliance.accounts.models import User
from appliance.people.errors import LastOwner
from connector.audit import log
from connector.audit.actions import Action

OWNERS = Q(role=User.Role.OWNER, is_active=True)


@transaction.atomic
def change_role(person: User, role: User.Role, *, actor: str) -> None:
    """Give somebody another role. Their sessions end: they sign in anew with what they may now.

    Raises:
        LastOwner: see there.
    """
    row = _locked(person)
    before = row.role
    if role == before:
        return
    row.role = role
    row.save(update_fields=["role"])
    _refuse_without_owner()
    log.record(
        Action.ROLE_CHANGED, actor=actor, subject=_subject(row), before=before, after=role.value
    )
    sessions.end_all(row, reason="another role", actor=actor)


@transaction.atomic
def deactivate(person: User, *, actor: str) -> None:
    """Take all access: sessions end, API tokens and invitations of this person stop working.

    Raises:
        LastOwner: see there.
    """
    row = _locked(person)
    if not row.is_active:
        return
    row.is_active = False
    row.save(update_fields=["is_active"])
    _refuse_without_owner()
    log.record(Action.ACCOUNT_DEACTIVATED, actor=actor, subject=_subject(row), role=row.role)
    sessions.end_all(row, reason="deactivated", actor=actor)


@transaction.atomic
def reactivate(person: User, *, actor: str) -> None:
    """Give it back as it was, API tokens that have not expired included."""
    row = _locked(person)
    if row.is_active:
        return
    row.is_active = True
    row.save(update_fields=["is_active"])
    log.record(Action.ACCOUNT_REACTIVATED, actor=actor, subject=_subject(row), role=row.role)


@transaction.atomic
def reset_second_factor(person: User, *, actor: str) -> int:
    """Remove apps, passkeys and recovery codes of somebody who lost them; sessions end.

    Returns:
        How many were removed.
    """
    row = _locked(person)
    factors = Authenticator.objects.filter(user=row)
    removed: int = factors.count()
    if removed:
        factors.delete()
        log.record(Action.SECOND_FACTOR_RESET, actor=actor, subject=_subject(row), removed=removed)
        sessions.end_all(row, reason="second factor reset", actor=actor)
    return removed


def _locked(person: User) -> User:
    """The row as it is now, locked together with all active owners, always in the same order.

    Of two changes at once that each would leave the other's owner, the second waits here and
    then counts what the first has left.
    """
    rows = User.objects.select_for_update().filter(OWNERS | Q(pk=person.pk)).order_by("pk")
    return next(row for row in rows if row.pk == person.pk)


def _refuse_without_owner() -> None:
    if not User.objects.filter(OWNERS).exists():
        raise LastOwner


def _subject(person: User) -> str:
    return f"account:{person.username}"
