"""Keyed hashes, HMAC, plain digests, constant-time comparison and random values."""

import hashlib
import hmac
import random
import secrets
from typing import Literal

from connector.crypto.keyring import Domain, Role, get_keyring

_PERSON = b"mlc keyed hash"
_system_random = random.SystemRandom()
_process_key = secrets.token_bytes(32)
_STEP = 256


def keyed_hash(
    domain: Domain, purpose: str, *parts: bytes, size: int = 16, key_id: str | None = None
) -> bytes:
    """Keyed BLAKE2b over the purpose and the parts, each with its length before it.

    Args:
        purpose: what the hash is for; another purpose gives another hash.
        size: bytes wanted, 1 to 64.
        key_id: the key to use, to check an older hash; the primary one if None.

    Raises:
        NotHeld, UnknownKey: this process does not hold the key.
    """
    keyring = get_keyring()
    key = (
        keyring.primary(domain, role=Role.MAC)
        if key_id is None
        else keyring.key(domain, key_id, role=Role.MAC)
    )
    message = join(purpose.encode(), *parts)
    return hashlib.blake2b(message, digest_size=size, key=key.material, person=_PERSON).digest()


def hmac_digest(
    algorithm: Literal["sha1", "sha256", "sha512"], key: bytes, message: bytes
) -> bytes:
    """HMAC as other systems use it to sign (RFC 2104). Our own hashes are keyed_hash."""
    return hmac.digest(key, message, algorithm)


def equal(a: bytes, b: bytes) -> bool:
    """Compare in a time that says nothing of what either value is nor of where they differ.

    Both are hashed under a key of this process first, and what is compared are the hashes. Values
    of up to 256 bytes are hashed as 256 bytes: their length shows in no more than the nanoseconds
    of copying them. Of longer ones the time tells the length in steps of 256 bytes.
    """
    first, second = (hashlib.blake2b(_filled(value), key=_process_key).digest() for value in (a, b))
    return hmac.compare_digest(first, second)


def sha256(data: bytes) -> bytes:
    """SHA-256, 32 bytes: for tokens with 128 random bits and more, and for public digests."""
    return hashlib.sha256(data).digest()


def token(nbytes: int = 32) -> str:
    """A random token of so many bytes, as text for URLs and headers."""
    return secrets.token_urlsafe(nbytes)


def random_bytes(nbytes: int) -> bytes:
    """Bytes from the operating system's generator."""
    return secrets.token_bytes(nbytes)


def random_fraction() -> float:
    """A random number in [0, 1), for jitter."""
    return _system_random.random()


def join(*parts: bytes) -> bytes:
    """Parts in a row, each behind its length in 8 bytes, so that no two lists look the same."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def _filled(value: bytes) -> bytes:
    """The length, and the value with zeros up to a whole number of steps."""
    steps = max(1, -(-len(value) // _STEP))
    return len(value).to_bytes(8, "big") + value.ljust(steps * _STEP, b"\0")
