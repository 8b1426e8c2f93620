"""Sealing under a passphrase, for what a person keeps on paper or in a safe.

Format 1:

    offset  bytes
    0       1      format version, 01
    1       4      Argon2id passes, big-endian
    5       8      Argon2id memory in bytes, big-endian
    13      16     salt, random
    29      24     nonce
    53      n+16   XChaCha20-Poly1305 under the key that Argon2id makes (RFC 9106)

Bound to it: the first 29 bytes and a header that the caller shows in clear beside it.
"""

from dataclasses import dataclass

from nacl import pwhash

from connector.crypto import aead, mac
from connector.crypto.errors import CannotOpen, UnknownFormat
from connector.crypto.keyring import KEY_BYTES
from connector.crypto.secret import Secret

VERSION = b"\x01"
LEAST_CHARACTERS = 12
_ENDS = 29


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs: passes over so many bytes of memory."""

    passes: int
    memory_bytes: int


USUAL = Cost(pwhash.argon2id.OPSLIMIT_MODERATE, pwhash.argon2id.MEMLIMIT_MODERATE)
MOST = Cost(10, 1 << 30)  # more than this in a file is an attack on whoever reads it


def seal(plain: bytes, passphrase: Secret, *, header: bytes, cost: Cost = USUAL) -> bytes:
    """Seal under a passphrase. Takes about a second and 256 MiB, so that each guess does too.

    Raises:
        ValueError: the passphrase has fewer than LEAST_CHARACTERS.
    """
    if len(passphrase.reveal()) < LEAST_CHARACTERS:
        raise ValueError(f"The passphrase must have at least {LEAST_CHARACTERS} characters.")
    start = (
        VERSION
        + cost.passes.to_bytes(4, "big")
        + cost.memory_bytes.to_bytes(8, "big")
        + mac.random_bytes(pwhash.argon2id.SALTBYTES)
    )
    key = _key(passphrase, start[13:], cost)
    return start + aead.encrypt(plain, key=key, bound_to=mac.join(start, header))


def open_sealed(blob: bytes, passphrase: Secret, *, header: bytes) -> bytes:
    """Open what seal() made.

    Raises:
        CannotOpen: wrong passphrase, changed or cut short, or its cost is out of all bounds.
        UnknownFormat: another format version (a kind of CannotOpen).
    """
    if blob[:1] != VERSION:
        raise UnknownFormat("What is sealed by a passphrase is in no format that is read here.")
    if len(blob) < _ENDS:
        raise CannotOpen("What is sealed by a passphrase was cut short.")
    start = blob[:_ENDS]
    cost = Cost(int.from_bytes(start[1:5], "big"), int.from_bytes(start[5:13], "big"))
    if not (
        1 <= cost.passes <= MOST.passes
        and pwhash.argon2id.MEMLIMIT_MIN <= cost.memory_bytes <= MOST.memory_bytes
    ):
        raise CannotOpen("What is sealed by a passphrase asks for a cost out of all bounds.")
    return aead.decrypt(
        blob[_ENDS:],
        key=_key(passphrase, start[13:], cost),
        bound_to=mac.join(start, header),
        what="With this passphrase, what was sealed",
    )


def _key(passphrase: Secret, salt: bytes, cost: Cost) -> bytes:
    return pwhash.argon2id.kdf(
        KEY_BYTES,
        passphrase.reveal_bytes(),
        salt,
        opslimit=cost.passes,
        memlimit=cost.memory_bytes,
    )
