"""Making, checking and revoking the bearer tokens of other services (S12)."""

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from appliance.internal.models import InternalToken
from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import mac
from connector.crypto.secret import Secret

MOST = 20


class TokenRefused(Exception):
    """Nothing was changed; the message is safe to show."""


@transaction.atomic
def create(name: str, *, actor: str) -> Secret:
    """Make a token; it is shown once.

    Raises:
        TokenRefused: one of this name works, the name is empty or long, or there are MOST.
    """
    if not 1 <= len(name) <= 60 or not name.isprintable():
        raise TokenRefused("A name has 1 to 60 characters.")
    if working().count() >= MOST:
        raise TokenRefused(f"There are {MOST} tokens already. Revoke one first.")
    text = mac.token(32)
    try:
        with transaction.atomic():
            row = InternalToken.objects.create(name=name, token_hash=mac.sha256(text.encode()))
    except IntegrityError:
        raise TokenRefused(
            f"A token {name} works already. Give the new one another name, and revoke {name} "
            "when nothing uses it any more."
        ) from None
    log.record(Action.INTERNAL_TOKEN_CREATED, actor=actor, subject=_subject(row), name=name)
    return Secret(text)


@transaction.atomic
def revoke(name: str, *, actor: str) -> None:
    """End a token at once.

    Raises:
        TokenRefused: none of this name works.
    """
    row = working().select_for_update().filter(name=name).first()
    if row is None:
        raise TokenRefused(f"No token {name} works.")
    row.revoked_at = timezone.now()
    row.save(update_fields=["revoked_at"])
    log.record(Action.INTERNAL_TOKEN_REVOKED, actor=actor, subject=_subject(row), name=name)


def working() -> "QuerySet[InternalToken]":
    """The tokens that are taken now, by name."""
    return InternalToken.objects.filter(revoked_at=None).order_by("name")


def is_valid(text: str) -> bool:
    """Whether it is one of them. All are compared, whichever fits and whatever was sent."""
    sent = mac.sha256(text.encode())
    known = working().values_list("token_hash", flat=True)
    return sum(mac.equal(bytes(one), sent) for one in known) > 0


def _subject(row: InternalToken) -> str:
    return f"internal_token:{row.pk}"
