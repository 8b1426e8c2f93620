"""Everything that people change about a credential. Nothing here can read one."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import vault_box
from connector.crypto.secret import Secret
from connector.crypto.vault_box import Binding
from connector.jobs import queue
from connector.jobs.registry import Kind
from connector.vault import trail
from connector.vault.errors import CredentialGone, NothingPending
from connector.vault.fields import check, check_day
from connector.vault.models import Credential, CredentialVersion

State = CredentialVersion.State


@transaction.atomic
def create(
    *,
    label: str,
    system: str,
    hosts: Sequence[str],
    fields: Mapping[str, Secret],
    actor: str,
    expires_on: date | None = None,
) -> Credential:
    """Seal a new credential, bound to a system and to the hosts that it may be sent to.

    Raises:
        BadFields: the fields can't be a secret, or no longer work.
    """
    check(fields, expires_on)
    row = Credential.objects.create(
        label=label, system=system, hosts=sorted(hosts), created_by=actor
    )
    version = _add_version(
        row, State.CURRENT, number=1, fields=fields, expires_on=expires_on, actor=actor
    )
    log.record(
        Action.CREDENTIAL_CREATED,
        actor=actor,
        subject=trail.subject(row.pk),
        label=label,
        system=system,
        version=version.number,
        hosts=", ".join(row.hosts),
    )
    return row


@transaction.atomic
def rotate(
    credential: Credential,
    fields: Mapping[str, Secret],
    *,
    actor: str,
    expires_on: date | None = None,
) -> None:
    """Enter a new secret for the same system and hosts; the old one stays in use for now.

    The new version is pending until it has passed a test in the worker, or somebody
    uses it anyway; an earlier one that was still pending is shredded.

    Raises:
        BadFields: the fields can't be a secret, or no longer work; nothing was changed.
        CredentialGone: the credential was deleted.
    """
    check(fields, expires_on)
    row = _locked(credential)
    if not row.versions.filter(state=State.CURRENT).exists():
        replace(row, hosts=row.hosts, fields=fields, actor=actor, expires_on=expires_on)
        return
    _shred(row.versions.filter(state=State.PENDING))
    version = _add_version(
        row, State.PENDING, number=_next(row), fields=fields, expires_on=expires_on, actor=actor
    )
    trail.record(Action.CREDENTIAL_ENTERED, version, actor=actor)


@transaction.atomic
def replace(
    credential: Credential,
    *,
    hosts: Sequence[str],
    fields: Mapping[str, Secret],
    actor: str,
    expires_on: date | None = None,
) -> None:
    """Enter the credential anew, perhaps for other hosts. Older versions are shredded at once.

    Raises:
        as rotate().
    """
    check(fields, expires_on)
    row = _locked(credential)
    row.hosts = sorted(hosts)
    row.save(update_fields=["hosts"])
    _shred(row.versions.exclude(state=State.SHREDDED))
    row.grants.all().delete()  # what was granted is bound to the hosts of before
    version = _add_version(
        row, State.CURRENT, number=_next(row), fields=fields, expires_on=expires_on, actor=actor
    )
    trail.record(Action.CREDENTIAL_REPLACED, version, actor=actor, hosts=", ".join(row.hosts))


def pending(credential_id: UUID) -> CredentialVersion | None:
    """The version that waits for its test, if there is one."""
    return CredentialVersion.objects.filter(
        credential_id=credential_id, state=State.PENDING, credential__deleted_at=None
    ).first()


@transaction.atomic
def drop(credential: Credential, *, actor: str) -> None:
    """Shred the pending version; the one in use stays.

    Raises:
        NothingPending: there is none.
    """
    version = _pending(_locked(credential))
    _shred(CredentialVersion.objects.filter(pk=version.pk))
    trail.record(Action.CREDENTIAL_DROPPED, version, actor=actor)


@transaction.atomic
def ask_use(credential: Credential, *, actor: str) -> None:
    """Ask the worker to use the pending version although it has not passed a test.

    Raises:
        NothingPending: there is none.
    """
    version = _pending(_locked(credential))
    queue.enqueue(
        Kind.VAULT_USE, args={"version": str(version.pk), "actor": actor[:100]}, priority=10
    )
    trail.record(Action.CREDENTIAL_USE_ASKED, version, actor=actor)


@transaction.atomic
def set_expiry(credential: Credential, expires_on: date | None, *, actor: str) -> None:
    """Say until which day the current version works, that day included; None if for ever.

    Raises:
        BadFields: that day has gone by.
        CredentialGone: it was deleted.
    """
    check_day(expires_on)
    row = _locked(credential)
    version = row.versions.filter(state=State.CURRENT).first()
    if version is None:
        raise CredentialGone(f"The credential {row.label} has no version in use.")
    if version.expires_on == expires_on:
        return
    version.expires_on = expires_on
    version.save(update_fields=["expires_on"])
    expires = expires_on.isoformat() if expires_on else ""
    trail.record(Action.CREDENTIAL_EXPIRY_SET, version, actor=actor, expires=expires)


@transaction.atomic
def delete(credential: Credential, *, actor: str) -> None:
    """Shred every version. The row stays as a name for the audit log."""
    row = _locked(credential)
    shredded = _shred(row.versions.exclude(state=State.SHREDDED))
    row.grants.all().delete()
    row.deleted_at = timezone.now()
    row.save(update_fields=["deleted_at"])
    log.record(
        Action.CREDENTIAL_DELETED,
        actor=actor,
        subject=trail.subject(row.pk),
        label=row.label,
        versions=shredded,
    )


def _locked(credential: Credential) -> Credential:
    row = Credential.objects.select_for_update().get(pk=credential.pk)
    if row.deleted_at:
        raise CredentialGone(f"The credential {row.label} was deleted.")
    return row


def _pending(row: Credential) -> CredentialVersion:
    version = row.versions.filter(state=State.PENDING).first()
    if version is None:
        raise NothingPending(f"No new version of the credential {row.label} waits for its test.")
    return version


def _next(row: Credential) -> int:
    return (row.versions.order_by("-number").values_list("number", flat=True).first() or 0) + 1


def _add_version(
    row: Credential,
    state: CredentialVersion.State,
    *,
    number: int,
    fields: Mapping[str, Secret],
    expires_on: date | None,
    actor: str,
) -> CredentialVersion:
    binding = Binding(credential=row.pk, version=number, system=row.system, hosts=tuple(row.hosts))
    return CredentialVersion.objects.create(
        id=uuid4(),
        credential=row,
        number=number,
        state=state,
        hosts=row.hosts,
        sealed=vault_box.seal(fields, binding=binding),
        fingerprint=vault_box.fingerprint(fields),
        expires_on=expires_on,
        created_by=actor,
    )


def _shred(versions: QuerySet[CredentialVersion]) -> int:
    """Take the sealed bytes away: with them goes the data key, and nothing opens them again."""
    return versions.update(state=State.SHREDDED, sealed=b"", shredded_at=timezone.now())
