"""Which keys a box has, how they come from its root key, and which process holds them."""

from dataclasses import dataclass
from typing import Literal

from connector.crypto import kdf
from connector.crypto.keyring import Domain, Key, Role

Process = Literal["web", "worker"]
BOTH: tuple[Process, ...] = ("web", "worker")
WORKER: tuple[Process, ...] = ("worker",)
WEB: tuple[Process, ...] = ("web",)

_NUMBER = 1
_CELL_CONTEXT = b"cell id "
_DJANGO_CONTEXT = {"web": b"django-w", "worker": b"django-k"}


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the plan: a key and its holders. Changing a context changes the key."""

    domain: Domain
    role: Role
    context: bytes
    holders: tuple[Process, ...]


PLAN = (
    Part(Domain.VAULT, Role.MAC, b"vaultmac", BOTH),
    Part(Domain.VAULT, Role.SEAL, b"vaultbox", BOTH),
    Part(Domain.VAULT, Role.OPEN, b"vaultbox", WORKER),
    Part(Domain.VAULT, Role.WRAP, b"vaultwrp", WORKER),
    Part(Domain.RECEIVER, Role.AEAD, b"receiver", BOTH),
    Part(Domain.CONFIG, Role.AEAD, b"config  ", BOTH),
    Part(Domain.PAYLOAD, Role.AEAD, b"payload ", BOTH),
    Part(Domain.LEDGER, Role.MAC, b"ledger  ", WORKER),
    Part(Domain.AUDIT, Role.MAC, b"auditmac", BOTH),
    Part(Domain.AUDIT, Role.SIGN, b"auditsgn", WORKER),
    Part(Domain.BACKUP, Role.SEAL, b"backup  ", WORKER),
    Part(Domain.PEOPLE, Role.AEAD, b"people  ", WEB),
)


def keys_of(root: bytes, process: Process) -> tuple[Key, ...]:
    """The keys that this process of the box may hold."""
    return tuple(_key(root, part) for part in PLAN if process in part.holders)


def backup_private_key(root: bytes) -> Key:
    """What opens the box's backups. No keyring holds it: it comes out of the recovery kit alone."""
    return _key(root, Part(Domain.BACKUP, Role.OPEN, b"backup  ", ()))


def cell_of(root: bytes) -> str:
    """The id of the box, 16 hex digits."""
    return kdf.derive(root, _NUMBER, _CELL_CONTEXT, size=16)[:8].hex()


def django_secret_of(root: bytes, process: Process) -> str:
    """Django's secret key of this process, 64 characters; each process has another."""
    return kdf.derive(root, _NUMBER, _DJANGO_CONTEXT[process]).hex()


def _key(root: bytes, part: Part) -> Key:
    material = kdf.derive(root, _NUMBER, part.context)
    if part.role is Role.SEAL:
        material = kdf.public_half(Role.OPEN, material) or b""
    return Key(part.domain, part.role, kdf.key_id(part.role, material), material)
