"""The one-time link that makes the first owner. There is no default password."""

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from appliance.accounts.models import SetupLink, User
from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import mac

LIFE = timedelta(hours=24)


class LinkRefused(Exception):
    """The link is unknown, used, too old, or the box has an owner already."""


def create_link() -> str:
    """Make a link that works once within LIFE, and return its token: only the hash is stored."""
    token = mac.token()
    SetupLink.objects.create(
        token_hash=mac.sha256(token.encode()), expires_at=timezone.now() + LIFE
    )
    return token


def create_link_if_needed() -> str:
    """A new link if the box has no owner yet, else ""."""
    return "" if _has_owner() else create_link()


def is_open(token: str) -> bool:
    """Whether the token would make an owner now."""
    return _valid(token).exists() and not _has_owner()


@transaction.atomic
def complete(token: str, *, email: str, name: str, password: str, actor: str) -> User:
    """Use the link and make the first owner.

    Raises:
        LinkRefused: see there. Nothing was changed.
    """
    # All open links are locked, not this one alone: two links at once would make two owners.
    unused = SetupLink.objects.filter(used_at=None)
    list(unused.select_for_update().order_by("token_hash"))
    if not is_open(token):
        raise LinkRefused
    unused.update(used_at=timezone.now())
    first, _, last = name.partition(" ")
    owner = User.objects.create_user(
        username=email.lower(),
        email=email.lower(),
        password=password,
        first_name=first,
        last_name=last,
        role=User.Role.OWNER,
    )
    log.record(
        Action.SETUP_COMPLETED, actor=actor, subject=f"account:{owner.username}", email=owner.email
    )
    return owner


def _valid(token: str) -> QuerySet[SetupLink]:
    return SetupLink.objects.filter(
        token_hash=mac.sha256(token.encode()), used_at=None, expires_at__gt=timezone.now()
    )


def _has_owner() -> bool:
    return User.objects.filter(role=User.Role.OWNER, is_active=True).exists()
