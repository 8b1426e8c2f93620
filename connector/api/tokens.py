"""Making, finding and revoking API tokens. The token itself is shown once and stored nowhere."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connector.api.models import ApiToken
from connector.audit import log
from connector.audit.actions import Action
from connector.console.access import abilities
from connector.crypto import mac
from connector.crypto.secret import Secret

MARK = "mlc_"
LONGEST_DAYS = 365
RECOGNISED_BY = len(MARK) + 8  # leading characters that stay readable: 48 of 256 random bits
USE_IS_WRITTEN = timedelta(minutes=1)

# Abilities that an address of the API asks for, and what each lets a program do.
SCOPES: dict[str, str] = {
    "overview.see": "see whether the box is well",
    "flows.see": "see flows",
    "flows.run": "start and stop runs",
    "runs.see": "see runs",
    "deliveries.see": "see deliveries, without what was sent",
    "inbox.see": "see what waits for a person",
    "connections.see": "see connections and when credentials were set",
    "connections.test": "test connections",
    "credentials.change": "set and delete credentials; nothing reads them",
    "audit.see": "see the audit log",
}


class TokenRefused(Exception):
    """The token can't be made as asked; nothing was changed. The message is safe to show."""


def scopes_for(role: str) -> list[str]:
    """The scopes that somebody of a role may give to a token."""
    may = abilities(role)
    return [scope for scope in SCOPES if scope in may]


@transaction.atomic
def create(
    *, maker: AbstractBaseUser, title: str, scopes: Collection[str], days: int, actor: str
) -> tuple[Secret, ApiToken]:
    """Make a token that works for so many days, at most LONGEST_DAYS.

    Raises:
        TokenRefused: no scope, one that the maker's role doesn't have, or too many days.
    """
    given = [scope for scope in SCOPES if scope in scopes]
    foreign = set(scopes) - set(scopes_for(_role(maker)))
    if foreign or not given:
        raise TokenRefused("Choose at least one scope, and only such as your own role has.")
    if not 1 <= days <= LONGEST_DAYS:
        raise TokenRefused(f"A token works for 1 to {LONGEST_DAYS} days.")
    text = MARK + mac.token(32)
    row = ApiToken.objects.create(
        id=uuid4(),
        token_hash=mac.sha256(text.encode()),
        prefix=text[:RECOGNISED_BY],
        title=title,
        maker_id=maker.pk,
        scopes=given,
        expires_at=timezone.now() + timedelta(days=days),
    )
    log.record(
        Action.TOKEN_CREATED,
        actor=actor,
        subject=subject(row),
        title=title,
        prefix=row.prefix,
        scopes=", ".join(given),
        expires=row.expires_at,
    )
    return Secret(text), row


@transaction.atomic
def revoke(token: ApiToken, *, actor: str) -> bool:
    """End a token at once. False if it was revoked already."""
    changed = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    if changed:
        log.record(
            Action.TOKEN_REVOKED,
            actor=actor,
            subject=subject(token),
            title=token.title,
            prefix=token.prefix,
        )
    return bool(changed)


def of(text: str) -> ApiToken | None:
    """The token of this text, if it works now: one look-up by hash, whatever was sent.

    A hash of 256 random bits can't be approached step by step, so the time of the index says
    nothing that helps; what it found is compared in constant time all the same.
    """
    token_hash = mac.sha256(text.encode())
    row = (
        ApiToken.objects.select_related("maker")
        .filter(token_hash=token_hash, revoked_at=None, expires_at__gt=timezone.now())
        .first()
    )
    found = bytes(row.token_hash) if row else bytes(len(token_hash))
    return row if mac.equal(found, token_hash) and row and row.maker.is_active else None


def note_use(token: ApiToken) -> None:
    """Write down that it was used, at most once in USE_IS_WRITTEN."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - USE_IS_WRITTEN:
        not_since = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_IS_WRITTEN)
        ApiToken.objects.filter(not_since, pk=token.pk).update(last_used_at=now)


def may(token: ApiToken, ability: str) -> bool:
    """Whether the token was given the ability, and its maker's role has it at this time."""
    return ability in token.scopes and ability in abilities(_role(token.maker))


def actor_of(token: ApiToken) -> str:
    """How the audit log names what a program did."""
    return f"{token.prefix} of {token.maker.get_username()}"


def subject(token: ApiToken) -> str:
    """How the audit log names a token."""
    return f"token:{token.pk}"


def _role(person: Any) -> str:
    return str(getattr(person, "role", ""))
