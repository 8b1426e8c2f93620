"""Sealing of credentials: whoever seals cannot open, and what is sealed says where it may go.

Two forms, both format 1. *Sealed* is what web and worker make, for the worker's public key:

    offset  bytes
    0       1      format version, 01
    1       1      form, 01 = sealed
    2       8      id of the vault's box key (public and private half have the same)
    10      8      id of the vault's MAC key
    18      80     SealedBox (X25519, XSalsa20-Poly1305) holding a fresh data key of 32 bytes
    98      24     nonce
    122     n+16   XChaCha20-Poly1305 of the plain structure under the data key
    n+138   32     keyed BLAKE2b over all bytes before and what they are bound to

*Wrapped* is what the worker makes of it at first use; only the worker has the key for it:

    0       1      format version, 01
    1       1      form, 02 = wrapped
    2       8      id of the vault's wrap key
    10      24     nonce
    34      n+16   XChaCha20-Poly1305 of the plain structure

Bound to both: version, form, cell, "vault", and the whole binding (credential, version,
system, hosts). The plain structure is JSON and says the same again, with the time:

    {"v":1,"credential":"<uuid>","version":2,"system":"bill","hosts":["api.bill.com"],
     "created_at":"2026-11-25T08:00:00Z","fields":{"api_key":"..."}}

The MAC keeps out whoever can only write to the database; a SealedBox alone anyone could make.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from nacl.exceptions import CryptoError as NaclError
from nacl.public import PrivateKey, PublicKey, SealedBox

from connector.crypto import aead, mac
from connector.crypto.errors import CannotOpen, UnknownFormat
from connector.crypto.keyring import KEY_BYTES, Domain, Role, get_keyring
from connector.crypto.secret import Secret

VERSION = b"\x01"
SEALED = b"\x01"
WRAPPED = b"\x02"
_BOX_BYTES = KEY_BYTES + 48
_MAC_BYTES = 32
_LEAST_BYTES = {SEALED: 18 + _BOX_BYTES + 40 + _MAC_BYTES, WRAPPED: 10 + 40}
_WHAT = "The sealed credential"


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a credential belongs and where it may be sent. Hosts are kept sorted, in lower case."""

    credential: UUID
    version: int
    system: str
    hosts: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "hosts", tuple(sorted({host.lower() for host in self.hosts})))

    def as_bytes(self) -> bytes:
        """The same bytes for the same binding, and other bytes for any other."""
        return mac.join(
            self.credential.bytes,
            str(self.version).encode(),
            self.system.encode(),
            *(host.encode() for host in self.hosts),
        )


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plain structure."""

    v: int
    credential: UUID
    version: int
    system: str
    hosts: tuple[str, ...]
    created_at: datetime
    fields: dict[str, str]

    __repr__ = object.__repr__

    @property
    def binding(self) -> Binding:
        return Binding(self.credential, self.version, self.system, self.hosts)


def seal(fields: Mapping[str, Secret], *, binding: Binding) -> bytes:
    """Seal the fields of a credential, bound to its row and to where it may go.

    Raises:
        NotHeld: this process does not hold the vault's public key or MAC key.
    """
    return _sealed(_encode(fields, binding), binding)


def wrap(fields: Mapping[str, Secret], *, binding: Binding) -> bytes:
    """The worker's own form at once, for what it was given itself: tokens, for example.

    Raises:
        NotHeld: this process does not hold the wrap key; only the worker does.
    """
    return _wrapped(_encode(fields, binding), binding)


def open_box(blob: bytes, *, expected: Binding) -> dict[str, Secret]:
    """Open either form, if it was sealed for just this binding on this box.

    Raises:
        CannotOpen: changed, cut short, planted, or sealed for another row, system, host or box.
        UnknownFormat: another format version or form (a kind of CannotOpen).
        UnknownKey: it names a key that this keyring does not have.
        NotHeld: this process can't open credentials; only the worker can.
    """
    return {name: Secret(text) for name, text in _open(blob, expected).fields.items()}


def rewrap(blob: bytes, *, expected: Binding) -> bytes:
    """The worker's own form of a credential in either form, which nobody else can make.

    Raises:
        as open_box().
    """
    return _wrapped(msgspec.json.encode(_open(blob, expected)), expected)


def seal_again(blob: bytes, *, expected: Binding) -> bytes:
    """The same content in the same form, under the primary keys: after a rotation.

    Raises:
        as open_box().
    """
    plain = msgspec.json.encode(_open(blob, expected))
    return _wrapped(plain, expected) if is_wrapped(blob) else _sealed(plain, expected)


def is_wrapped(blob: bytes) -> bool:
    """Whether the blob says that it is in the worker's own form. Only opening it proves that."""
    return blob[:2] == VERSION + WRAPPED


def fingerprint(fields: Mapping[str, Secret]) -> str:
    """16 hex digits, keyed: equal for equal fields, and of no use for guessing them elsewhere."""
    named = (
        part for name in sorted(fields) for part in (name.encode(), fields[name].reveal_bytes())
    )
    return mac.keyed_hash(Domain.VAULT, "fingerprint", *named, size=8).hex()


def _sealed(plain: bytes, binding: Binding) -> bytes:
    keyring = get_keyring()
    box_key = keyring.primary(Domain.VAULT, role=Role.SEAL)
    mac_key = keyring.primary(Domain.VAULT)
    data_key = secrets.token_bytes(KEY_BYTES)
    bound_to = _bound_to(SEALED, binding)
    body = (
        VERSION
        + SEALED
        + box_key.id_bytes
        + mac_key.id_bytes
        + SealedBox(PublicKey(box_key.material)).encrypt(data_key)
        + aead.encrypt(plain, key=data_key, bound_to=bound_to)
    )
    return body + _tag(body, bound_to, mac_key.id)


def _wrapped(plain: bytes, binding: Binding) -> bytes:
    key = get_keyring().primary(Domain.VAULT, role=Role.WRAP)
    bound_to = _bound_to(WRAPPED, binding)
    sealed = aead.encrypt(plain, key=key.material, bound_to=bound_to)
    return VERSION + WRAPPED + key.id_bytes + sealed


def _open(blob: bytes, expected: Binding) -> _Content:
    if blob[:1] != VERSION or blob[1:2] not in (SEALED, WRAPPED):
        raise UnknownFormat(f"{_WHAT} is in no form that this version reads.")
    if len(blob) < _LEAST_BYTES[blob[1:2]]:
        raise CannotOpen(f"{_WHAT} does not open: it was cut short.")
    plain = _unwrap(blob, expected) if is_wrapped(blob) else _unseal(blob, expected)
    try:
        content = msgspec.json.decode(plain, type=_Content)
    except msgspec.DecodeError:
        raise CannotOpen(f"{_WHAT} holds something else than a credential.") from None
    if content.v != 1 or content.binding != expected:
        raise CannotOpen(f"{_WHAT} was sealed for another credential, system or host.")
    return content


def _unwrap(blob: bytes, expected: Binding) -> bytes:
    key = get_keyring().key(Domain.VAULT, blob[2:10].hex(), role=Role.WRAP)
    bound_to = _bound_to(WRAPPED, expected)
    return aead.decrypt(blob[10:], key=key.material, bound_to=bound_to, what=_WHAT)


def _unseal(blob: bytes, expected: Binding) -> bytes:
    keyring = get_keyring()
    private = keyring.key(Domain.VAULT, blob[2:10].hex(), role=Role.OPEN)
    body, tag = blob[:-_MAC_BYTES], blob[-_MAC_BYTES:]
    bound_to = _bound_to(SEALED, expected)
    if not mac.equal(tag, _tag(body, bound_to, blob[10:18].hex())):
        raise CannotOpen(
            f"{_WHAT} does not open: it was changed, or not sealed for this credential, "
            "system, host and box. Enter the credential again."
        )
    box_ends = 18 + _BOX_BYTES
    try:
        data_key = SealedBox(PrivateKey(private.material)).decrypt(body[18:box_ends])
    except (NaclError, ValueError):
        raise CannotOpen(f"{_WHAT} does not open: its data key was not sealed for us.") from None
    if len(data_key) != KEY_BYTES:
        raise CannotOpen(f"{_WHAT} does not open: its data key has another length.")
    return aead.decrypt(body[box_ends:], key=data_key, bound_to=bound_to, what=_WHAT)


def _encode(fields: Mapping[str, Secret], binding: Binding) -> bytes:
    return msgspec.json.encode(
        _Content(
            v=1,
            credential=binding.credential,
            version=binding.version,
            system=binding.system,
            hosts=binding.hosts,
            created_at=datetime.now(UTC),
            fields={name: secret.reveal() for name, secret in fields.items()},
        )
    )


def _bound_to(form: bytes, binding: Binding) -> bytes:
    return mac.join(VERSION, form, get_keyring().cell.encode(), b"vault", binding.as_bytes())


def _tag(body: bytes, bound_to: bytes, key_id: str) -> bytes:
    return mac.keyed_hash(Domain.VAULT, "vault box", body, bound_to, size=_MAC_BYTES, key_id=key_id)
