"""Which keys a box has, how they come from its root key, and which process holds them.

Each domain counts its own generations, from 1. A rotation derives the next one of all keys of
the domain that rotate. What recognises records and events again never rotates: the ledger's
key, and the keys that hash (MAC) beside those that encrypt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from connector.crypto import kdf, mac
from connector.crypto.keyring import KEY_BYTES, Domain, Key, Role

Process = Literal["web", "worker"]
Generations = Mapping[Domain, Sequence[int]]
BOTH: tuple[Process, ...] = ("web", "worker")
WORKER: tuple[Process, ...] = ("worker",)
WEB: tuple[Process, ...] = ("web",)
FIRST: Generations = MappingProxyType({})

_NUMBER = 1
_CELL_CONTEXT = b"cell id "
_HASH_CONTEXT = b"mlc-hash"
_DJANGO_CONTEXT = {"web": b"django-w", "worker": b"django-k"}


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the plan: a key and its holders. Changing a context changes the key."""

    domain: Domain
    role: Role
    context: bytes
    holders: tuple[Process, ...]
    rotates: bool = True


PLAN = (
    Part(Domain.VAULT, Role.MAC, b"vaultmac", BOTH),
    Part(Domain.VAULT, Role.SEAL, b"vaultbox", BOTH),
    Part(Domain.VAULT, Role.OPEN, b"vaultbox", WORKER),
    Part(Domain.VAULT, Role.WRAP, b"vaultwrp", WORKER),
    Part(Domain.RECEIVER, Role.AEAD, b"receiver", BOTH),
    Part(Domain.CONFIG, Role.AEAD, b"config  ", BOTH),
    Part(Domain.PAYLOAD, Role.AEAD, b"payload ", BOTH),
    Part(Domain.LEDGER, Role.MAC, b"ledger  ", WORKER, rotates=False),
    Part(Domain.AUDIT, Role.MAC, b"auditmac", BOTH),
    Part(Domain.AUDIT, Role.SIGN, b"auditsgn", WORKER, rotates=False),
    Part(Domain.BACKUP, Role.SEAL, b"backup  ", WORKER),
    Part(Domain.PEOPLE, Role.AEAD, b"people  ", WEB),
    Part(Domain.RECEIVER, Role.MAC, b"receiver", BOTH, rotates=False),
    Part(Domain.CONFIG, Role.MAC, b"config  ", BOTH, rotates=False),
    Part(Domain.PAYLOAD, Role.MAC, b"payload ", BOTH, rotates=False),
    Part(Domain.PEOPLE, Role.MAC, b"people  ", WEB, rotates=False),
)
_ENCRYPTING = {part.context for part in PLAN if part.role is Role.AEAD}


def keys_of(root: bytes, process: Process, generations: Generations = FIRST) -> tuple[Key, ...]:
    """The keys that this process of the box may hold.

    Args:
        generations: which of a domain's keys, the primary first; only the first if it is not named.
    """
    return tuple(
        _key(root, part, number)
        for part in PLAN
        if process in part.holders
        for number in (generations.get(part.domain, (1,)) if part.rotates else (1,))
    )


def rotated(domain: Domain, root: bytes, generation: int) -> tuple[Key, ...]:
    """The keys of one generation of a domain that rotate, for all holders."""
    return tuple(_key(root, part, generation) for part in _rotating(domain))


def drawn(domain: Domain) -> tuple[Key, ...]:
    """The same, drawn at random: for a box that has no recovery kit. Nothing brings them back."""
    contexts = {part.context: mac.random_bytes(KEY_BYTES) for part in _rotating(domain)}
    return tuple(_made(part, contexts[part.context]) for part in _rotating(domain))


def may_hold(process: str) -> frozenset[tuple[Domain, Role]]:
    """The kinds of key that a process is given, and no others."""
    return frozenset((part.domain, part.role) for part in PLAN if process in part.holders)


def backup_private_key(root: bytes, generation: int = 1) -> Key:
    """What opens the box's backups. No keyring holds it: it comes out of the recovery kit alone."""
    return _key(root, Part(Domain.BACKUP, Role.OPEN, b"backup  ", ()), generation)


def cell_of(root: bytes) -> str:
    """The id of the box, 16 hex digits."""
    return kdf.derive(root, _NUMBER, _CELL_CONTEXT, size=16)[:8].hex()


def django_secret_of(root: bytes, process: Process) -> str:
    """Django's secret key of this process, 64 characters; each process has another."""
    return kdf.derive(root, _NUMBER, _DJANGO_CONTEXT[process]).hex()


def _rotating(domain: Domain) -> list[Part]:
    return [part for part in PLAN if part.domain is domain and part.rotates]


def _key(root: bytes, part: Part, generation: int) -> Key:
    material = kdf.derive(root, generation, part.context)
    if part.role is Role.MAC and part.context in _ENCRYPTING:
        # a key that encrypts is not used to hash: the two algorithms get a key each
        material = kdf.derive(material, 0, _HASH_CONTEXT)
    return _made(part, material)


def _made(part: Part, material: bytes) -> Key:
    if part.role is Role.SEAL:
        material = kdf.public_half(Role.OPEN, material) or b""
    return Key(part.domain, part.role, kdf.key_id(part.role, material), material)
