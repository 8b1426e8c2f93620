"""Which secrets should be renewed soon: before their last day, and when they have grown old."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from connector.audit.actions import Action
from connector.vault import trail
from connector.vault.models import CredentialVersion, Opening

ACTOR = "worker"
KEEP_OPENINGS = timedelta(days=30)  # a run that lasts longer is written down again
AT_ONCE = 500


class Reason(StrEnum):
    """Why somebody should enter a new secret; the most pressing first."""

    EXPIRED = "expired"
    EXPIRES = "expires"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class Due:
    """A reason, and how many days are left (or have gone by, or is its age)."""

    reason: Reason
    days: int


def due(version: CredentialVersion, *, today: date | None = None) -> Due | None:
    """Whether it is time for a new secret, by the days of the settings.

    A secret works on its last day and not after it.
    """
    today = today or timezone.localdate()
    if version.expires_on is not None:
        left = (version.expires_on - today).days
        if left < 0:
            return Due(Reason.EXPIRED, -left)
        if left <= settings.CONNECTOR_REMIND_EXPIRY_DAYS:
            return Due(Reason.EXPIRES, left)
    age = (today - timezone.localtime(version.created_at).date()).days
    if settings.CONNECTOR_REMIND_AGE_DAYS and age >= settings.CONNECTOR_REMIND_AGE_DAYS:
        return Due(Reason.OLD, age)
    return None


def all_due() -> QuerySet[CredentialVersion]:
    """The versions in use for which something may be due; `due` says what."""
    today = timezone.localdate()
    soon = Q(expires_on__lte=today + timedelta(days=settings.CONNECTOR_REMIND_EXPIRY_DAYS))
    if settings.CONNECTOR_REMIND_AGE_DAYS:
        # a day more than needed, so that the zone of the box decides
        old = timezone.now() - timedelta(days=settings.CONNECTOR_REMIND_AGE_DAYS - 1)
        soon |= Q(created_at__lte=old)
    return CredentialVersion.objects.filter(
        soon, state=CredentialVersion.State.CURRENT, credential__deleted_at=None
    ).select_related("credential")


def beat() -> int:
    """Write down each reminder once, and forget openings of runs that are long over."""
    Opening.objects.filter(at__lt=timezone.now() - KEEP_OPENINGS).delete()
    return sum(_remind(version) for version in all_due()[:AT_ONCE])


@transaction.atomic
def _remind(version: CredentialVersion) -> bool:
    found = due(version)
    if found is None:
        return False
    # of several who see it at once, one writes it down
    marked = CredentialVersion.objects.filter(
        pk=version.pk, state=CredentialVersion.State.CURRENT
    ).exclude(reminded=found.reason)
    if not marked.update(reminded=found.reason):
        return False
    trail.record(
        Action.CREDENTIAL_REMINDER,
        version,
        actor=ACTOR,
        reason=found.reason,
        expires=version.expires_on.isoformat() if version.expires_on else "",
    )
    return True
