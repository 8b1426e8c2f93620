"""The one place where a credential is opened: in the worker, for one purpose, audited before."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import vault_box
from connector.crypto.errors import CryptoError
from connector.crypto.secret import Secret
from connector.vault.errors import CredentialGone, CredentialRefused
from connector.vault.models import CredentialVersion
from connector.vault.store import subject


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened credential. The hosts are those of the sealed binding."""

    fields: Mapping[str, Secret] = field(repr=False)
    hosts: tuple[str, ...]

    def __reduce__(self) -> str:
        raise TypeError("an opened credential can't be pickled")


@contextmanager
def open_credential(
    credential_id: UUID, *, purpose: str, actor: str, system: str, hosts: tuple[str, ...]
) -> Iterator[Opened]:
    """Open the current version for the span of the block.

    Args:
        purpose: what it is opened for, as the audit log will say it: "run:<id>".
        system, hosts: where the caller is about to send it. Both must be what the
            secret was sealed for, else nothing is opened.

    Raises:
        CredentialGone: deleted, or no current version.
        CredentialRefused: the sealed bytes are not those of this row, or were
            sealed for another system or host. Audited.
    """
    version, newest = _current(credential_id)
    # No audit entry, no decryption: it is committed before the vault opens.
    _audit(version, Action.CREDENTIAL_OPENED, actor=actor, purpose=purpose)
    try:
        if not newest:
            raise CredentialRefused("an older version was put in place of a newer one")
        fields = _unseal(version, system=system, hosts=hosts)
    except (CryptoError, CredentialRefused) as exc:
        reason = exc.message if isinstance(exc, CredentialRefused) else type(exc).__name__
        _audit(version, Action.CREDENTIAL_REFUSED, actor=actor, purpose=purpose, reason=reason)
        raise CredentialRefused(
            f"The credential {version.credential.label} was not opened: what is stored was not "
            "sealed for this connection. Enter the credential again."
        ) from None
    _adopt(version, actor=actor)
    yield Opened(fields, tuple(version.hosts))


def _current(credential_id: UUID) -> tuple[CredentialVersion, bool]:
    """The current version, and whether no newer one was there at the same moment."""
    newer = CredentialVersion.objects.filter(
        credential=OuterRef("credential"), number__gt=OuterRef("number")
    )
    try:
        version = (
            CredentialVersion.objects.select_related("credential")
            .annotate(outdated=Exists(newer))
            .get(
                credential_id=credential_id,
                state=CredentialVersion.State.CURRENT,
                credential__deleted_at=None,
            )
        )
    except CredentialVersion.DoesNotExist:
        raise CredentialGone("The credential was deleted. Enter a new one.") from None
    return version, not version.outdated


def _unseal(
    version: CredentialVersion, *, system: str, hosts: tuple[str, ...]
) -> Mapping[str, Secret]:
    if version.adopted and not vault_box.is_wrapped(bytes(version.sealed)):
        # Only the worker can wrap; what it has adopted once never comes back unwrapped.
        raise CredentialRefused("put in place of what the worker had adopted")
    fields = vault_box.open_box(bytes(version.sealed), expected=version.binding)
    if version.credential.system != system:
        raise CredentialRefused("sealed for another system")
    if not set(hosts) <= set(version.hosts):
        raise CredentialRefused("sealed for other hosts")
    return fields


@transaction.atomic
def _audit(
    version: CredentialVersion, action: Action, *, actor: str, purpose: str, **facts: str
) -> None:
    log.record(
        action,
        actor=actor,
        subject=subject(version.credential_id),
        label=version.credential.label,
        version=version.number,
        purpose=purpose,
        **facts,
    )


@transaction.atomic
def _adopt(version: CredentialVersion, *, actor: str) -> None:
    """Note the use; at the first, re-wrap under the worker's own key and shred what it replaced."""
    version.credential.last_used_at = timezone.now()
    version.credential.save(update_fields=["last_used_at"])
    if version.adopted:
        return
    wrapped = vault_box.rewrap(bytes(version.sealed), expected=version.binding)
    kept = CredentialVersion.objects.filter(pk=version.pk, adopted=False).exclude(
        state=CredentialVersion.State.SHREDDED
    )
    if not kept.update(sealed=wrapped, adopted=True):
        return  # another run was first, or it was replaced in the meantime
    CredentialVersion.objects.filter(
        credential_id=version.credential_id,
        state=CredentialVersion.State.SUPERSEDED,
        number__lt=version.number,
    ).update(state=CredentialVersion.State.SHREDDED, sealed=b"")
    log.record(
        Action.CREDENTIAL_ADOPTED,
        actor=actor,
        subject=subject(version.credential_id),
        version=version.number,
    )
