"""Everything that changes a credential. Nothing here can read one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import vault_box
from connector.crypto.secret import Secret
from connector.crypto.vault_box import Binding
from connector.vault.errors import BadFields, CredentialGone
from connector.vault.models import Credential, CredentialVersion

MOST_FIELDS = 20
MOST_CHARACTERS = 20_000
LINE_BREAKS = "\n\r\t"  # keys in PEM and JSON have them


@transaction.atomic
def create(
    *,
    label: str,
    system: str,
    hosts: Sequence[str],
    fields: Mapping[str, Secret],
    actor: str,
    expires_at: datetime | None = None,
) -> Credential:
    """Seal a new credential, bound to a system and to the hosts that it may be sent to.

    Raises:
        BadFields: no field, an empty one, too long, or with control characters.
    """
    _check(fields)
    row = Credential.objects.create(
        label=label,
        system=system,
        hosts=sorted(hosts),
        created_by=actor,
        expires_at=expires_at,
    )
    version = _add_version(row, number=1, fields=fields, actor=actor)
    log.record(
        Action.CREDENTIAL_CREATED,
        actor=actor,
        subject=subject(row.pk),
        label=label,
        system=system,
        version=version.number,
        hosts=", ".join(row.hosts),
    )
    return row


@transaction.atomic
def rotate(credential: Credential, fields: Mapping[str, Secret], *, actor: str) -> None:
    """Put a new secret in place of the old one, for the same system and hosts.

    The old version is kept, sealed, until the worker has used the new one, and
    is shredded then; runs that opened it already finish with it.
    """
    _check(fields)
    row = _locked(credential)
    version = _supersede(row, shred=False, fields=fields, actor=actor)
    log.record(
        Action.CREDENTIAL_ROTATED,
        actor=actor,
        subject=subject(row.pk),
        label=row.label,
        version=version.number,
    )


@transaction.atomic
def replace(
    credential: Credential, *, hosts: Sequence[str], fields: Mapping[str, Secret], actor: str
) -> None:
    """Enter the credential anew, perhaps for other hosts. Older versions are shredded at once."""
    _check(fields)
    row = _locked(credential)
    row.hosts = sorted(hosts)
    row.save(update_fields=["hosts"])
    version = _supersede(row, shred=True, fields=fields, actor=actor)
    log.record(
        Action.CREDENTIAL_REPLACED,
        actor=actor,
        subject=subject(row.pk),
        label=row.label,
        version=version.number,
        hosts=", ".join(row.hosts),
    )


@transaction.atomic
def delete(credential: Credential, *, actor: str) -> None:
    """Shred every version. The row stays as a name for the audit log."""
    row = _locked(credential)
    shredded = _shred(row.versions.exclude(state=CredentialVersion.State.SHREDDED))
    row.deleted_at = timezone.now()
    row.save(update_fields=["deleted_at"])
    log.record(
        Action.CREDENTIAL_DELETED,
        actor=actor,
        subject=subject(row.pk),
        label=row.label,
        versions=shredded,
    )


def subject(pk: UUID) -> str:
    """How the audit log names a credential."""
    return f"credential:{pk}"


def _locked(credential: Credential) -> Credential:
    row = Credential.objects.select_for_update().get(pk=credential.pk)
    if row.deleted_at:
        raise CredentialGone(f"The credential {row.label} was deleted.")
    return row


def _supersede(
    row: Credential, *, shred: bool, fields: Mapping[str, Secret], actor: str
) -> CredentialVersion:
    older = row.versions.exclude(state=CredentialVersion.State.SHREDDED)
    newest = row.versions.order_by("-number").values_list("number", flat=True).first() or 0
    # Only the version in use is kept for the change-over; what it had replaced goes now.
    _shred(older if shred else older.filter(state=CredentialVersion.State.SUPERSEDED))
    row.versions.filter(state=CredentialVersion.State.CURRENT).update(
        state=CredentialVersion.State.SUPERSEDED, superseded_at=timezone.now()
    )
    return _add_version(row, number=newest + 1, fields=fields, actor=actor)


def _add_version(
    row: Credential, *, number: int, fields: Mapping[str, Secret], actor: str
) -> CredentialVersion:
    binding = Binding(credential=row.pk, version=number, system=row.system, hosts=tuple(row.hosts))
    return CredentialVersion.objects.create(
        id=uuid4(),
        credential=row,
        number=number,
        hosts=row.hosts,
        sealed=vault_box.seal(fields, binding=binding),
        fingerprint=vault_box.fingerprint(fields),
        created_by=actor,
    )


def _shred(versions: QuerySet[CredentialVersion]) -> int:
    return versions.update(
        state=CredentialVersion.State.SHREDDED, sealed=b"", superseded_at=timezone.now()
    )


def _check(fields: Mapping[str, Secret]) -> None:
    if not 1 <= len(fields) <= MOST_FIELDS:
        raise BadFields(f"A credential has 1 to {MOST_FIELDS} fields.")
    for name, secret in fields.items():
        text = secret.reveal()
        if not text:
            raise BadFields(f"The field {name} is empty.")
        if len(text) > MOST_CHARACTERS:
            raise BadFields(f"The field {name} is longer than {MOST_CHARACTERS} characters.")
        if any(ord(c) < 32 and c not in LINE_BREAKS for c in text):
            raise BadFields(f"The field {name} holds a control character.")
