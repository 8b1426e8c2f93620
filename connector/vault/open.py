"""The one place where a credential is opened: in the worker, for one purpose, audited before."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import live, vault_box
from connector.crypto.errors import CryptoError
from connector.crypto.secret import Secret
from connector.vault import trail
from connector.vault.errors import CredentialGone, CredentialRefused
from connector.vault.models import CredentialVersion, Opening

State = CredentialVersion.State
RUN = "run:"  # a run opens anew for each of its slices; its purpose is written down once


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened credential. The hosts are those of the sealed binding."""

    fields: Mapping[str, Secret] = field(repr=False)
    hosts: tuple[str, ...]
    version: int

    def __reduce__(self) -> str:
        raise TypeError("an opened credential can't be pickled")


@contextmanager
def open_credential(
    credential_id: UUID,
    *,
    purpose: str,
    actor: str,
    system: str,
    hosts: tuple[str, ...],
    pending: UUID | None = None,
) -> Iterator[Opened]:
    """Open the current version for the span of the block. After it the fields reveal nothing.

    Args:
        purpose: what it is opened for, as the audit log will say it. Each opening is
            written down, but those of one run ("run:<id>") once for each version.
        system, hosts: where the caller is about to send it. Both must be what the
            secret was sealed for, else nothing is opened.
        pending: open this version instead, which waits for its test.

    Raises:
        CredentialGone: deleted, or no such version.
        CredentialRefused: the sealed bytes are not those of this row, were sealed for
            another system or host, or the row is not the one that was put in use. Audited.
    """
    version = _version(credential_id, pending)
    # No audit entry, no decryption: it is committed before the vault opens.
    _note_opening(version, actor=actor, purpose=purpose)
    try:
        _refuse_out_of_turn(version)
        fields = _unseal(version, system=system, hosts=hosts)
    except (CryptoError, CredentialRefused) as exc:
        reason = exc.message if isinstance(exc, CredentialRefused) else type(exc).__name__
        _note_refusal(version, actor=actor, purpose=purpose, reason=reason)
        raise CredentialRefused(
            f"The credential {version.credential.label} was not opened: what is stored was not "
            "sealed for this connection. Enter the credential again."
        ) from None
    try:
        _adopt(version, actor=actor)
        with live.known(fields.values()):
            yield Opened(fields, tuple(version.hosts), version.number)
    finally:
        for secret in fields.values():
            secret.forget()


def _version(credential_id: UUID, pending: UUID | None) -> CredentialVersion:
    rows = CredentialVersion.objects.select_related("credential").filter(
        credential_id=credential_id, credential__deleted_at=None
    )
    if pending:
        version = rows.filter(pk=pending, state=State.PENDING).first()
    else:
        version = rows.filter(state=State.CURRENT).first()
    if version is None:
        raise CredentialGone(
            "The new version is not waiting for a test any more."
            if pending
            else "The credential was deleted. Enter a new one."
        )
    return version


def _refuse_out_of_turn(version: CredentialVersion) -> None:
    """What is current was put in use last; what is pending never was, nor anything after it."""
    in_use = trail.number_in_use(version.credential_id)
    if in_use is None:
        return
    if version.state == State.CURRENT and version.number != in_use:
        raise CredentialRefused("another version was put in use")
    if version.state == State.PENDING and version.number <= in_use:
        raise CredentialRefused("an older version was put in place of a new one")


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
def _note_opening(version: CredentialVersion, *, actor: str, purpose: str) -> None:
    if purpose.startswith(RUN):
        _, first = Opening.objects.get_or_create(version=version, purpose=purpose)
        if not first:
            return
    trail.record(Action.CREDENTIAL_OPENED, version, actor=actor, purpose=purpose)


@transaction.atomic
def _note_refusal(version: CredentialVersion, *, actor: str, purpose: str, reason: str) -> None:
    trail.record(Action.CREDENTIAL_REFUSED, version, actor=actor, purpose=purpose, reason=reason)


@transaction.atomic
def _adopt(version: CredentialVersion, *, actor: str) -> None:
    """Note the use; at the first, re-wrap under the worker's own key, which web can't produce."""
    version.credential.last_used_at = timezone.now()
    version.credential.save(update_fields=["last_used_at"])
    if version.adopted:
        return
    wrapped = vault_box.rewrap(bytes(version.sealed), expected=version.binding)
    kept = CredentialVersion.objects.filter(pk=version.pk, adopted=False).exclude(
        state=State.SHREDDED
    )
    if not kept.update(sealed=wrapped, adopted=True):
        return  # another run was first, or it was replaced in the meantime
    log.record(
        Action.CREDENTIAL_ADOPTED,
        actor=actor,
        subject=trail.subject(version.credential_id),
        version=version.number,
    )
