"""What the product needs from the box: keys, by domain, role and id.

The box gives a Keyring by the setting CONNECTOR_KEYRING, the dotted path of a
callable without arguments. Which process holds what is the box's decision; a
keyring that lacks a key refuses with NotHeld, and nothing falls back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import NoReturn, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

KEY_BYTES = 32
KEY_ID_BYTES = 8


class Domain(StrEnum):
    """What a key protects. Keys of different domains are never the same."""

    VAULT = "vault"
    RECEIVER = "receiver"
    CONFIG = "config"
    PAYLOAD = "payload"
    LEDGER = "ledger"
    AUDIT = "audit"
    BACKUP = "backup"
    PEOPLE = "people"


class Role(StrEnum):
    """What a key does, and so which algorithm it belongs to."""

    AEAD = "aead"  # XChaCha20-Poly1305
    MAC = "mac"  # keyed BLAKE2b
    SEAL = "seal"  # X25519 public key: can seal, cannot open
    OPEN = "open"  # X25519 private key
    WRAP = "wrap"  # XChaCha20-Poly1305, the worker's own
    SIGN = "sign"  # Ed25519 seed


MAIN_ROLE = {
    Domain.VAULT: Role.MAC,
    Domain.RECEIVER: Role.AEAD,
    Domain.CONFIG: Role.AEAD,
    Domain.PAYLOAD: Role.AEAD,
    Domain.LEDGER: Role.MAC,
    Domain.AUDIT: Role.MAC,
    Domain.BACKUP: Role.SEAL,
    Domain.PEOPLE: Role.AEAD,
}


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """One key. `id` is 16 hex digits, made from the key itself: see connector.crypto.kdf.key_id."""

    domain: Domain
    role: Role
    id: str
    material: bytes = field(repr=False)

    @property
    def id_bytes(self) -> bytes:
        return bytes.fromhex(self.id)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Key can't be pickled or copied")


class Keyring(Protocol):
    """The keys that this process holds. `role` is the domain's main role unless it is given."""

    @property
    def cell(self) -> str:
        """The id of this box; part of what every sealed thing is bound to."""

    def primary(self, domain: Domain, *, role: Role | None = None) -> Key:
        """The key for new writes. Raises NotHeld."""

    def key(self, domain: Domain, key_id: str, *, role: Role | None = None) -> Key:
        """The key with this id, primary or older. Raises NotHeld, UnknownKey."""

    def all_keys(self) -> tuple[Key, ...]:
        """All keys held; within a domain and role the primary comes first."""


_in_place: ContextVar[Keyring | None] = ContextVar("keyring", default=None)


def get_keyring() -> Keyring:
    """The keyring of this process. Raises BadKeyring."""
    return _in_place.get() or _of_this_process()


@contextmanager
def using(keyring: Keyring) -> Iterator[None]:
    """Work with another keyring for the span of the block: for commands that handle several."""
    token = _in_place.set(keyring)
    try:
        yield
    finally:
        _in_place.reset(token)


@cache
def _of_this_process() -> Keyring:
    keyring: Keyring = import_string(settings.CONNECTOR_KEYRING)()
    return keyring


def reset() -> None:
    """Forget the keyring of this process, for tests."""
    _of_this_process.cache_clear()
