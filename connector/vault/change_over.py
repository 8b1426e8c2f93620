"""From a pending version to the current one: the worker does it, the table refuses others."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from connector.audit.actions import Action
from connector.vault import trail
from connector.vault.models import Credential, CredentialVersion

State = CredentialVersion.State


@transaction.atomic
def put_in_use(version_id: UUID, *, actor: str, reason: str) -> bool:
    """Make a pending version the current one and shred the old; runs that opened it finish with it.

    Returns:
        False if it is not pending any more; nothing was changed then.
    """
    version = _pending(version_id)
    if version is None:
        return False
    CredentialVersion.objects.filter(
        credential_id=version.credential_id, state=State.CURRENT
    ).update(state=State.SHREDDED, sealed=b"", shredded_at=timezone.now())
    version.state, version.problem = State.CURRENT, ""
    version.save(update_fields=["state", "problem"])
    trail.record(Action.CREDENTIAL_ROTATED, version, actor=actor, reason=reason)
    return True


@transaction.atomic
def note_failure(version_id: UUID, problem: str, *, actor: str) -> None:
    """Say why a pending version did not pass its test; it stays pending."""
    version = _pending(version_id)
    if version is None:
        return
    version.tested_at, version.problem = timezone.now(), problem[:500]
    version.save(update_fields=["tested_at", "problem"])
    trail.record(Action.CREDENTIAL_TEST_FAILED, version, actor=actor)


def _pending(version_id: UUID) -> CredentialVersion | None:
    """The version, under the lock of its credential, if it still waits."""
    credential = (
        Credential.objects.select_for_update().filter(versions=version_id, deleted_at=None).first()
    )
    if credential is None:
        return None
    return (
        CredentialVersion.objects.select_related("credential")
        .filter(pk=version_id, state=State.PENDING)
        .first()
    )
