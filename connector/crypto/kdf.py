"""Keys from keys: libsodium's crypto_kdf, and the ids of keys.

PyNaCl has no binding of crypto_kdf, but it is BLAKE2b with the number as salt
and the context as personalisation, which the standard library has.
Source: https://doc.libsodium.org/key_derivation
"""

import hashlib

from nacl.bindings import crypto_scalarmult_base
from nacl.signing import SigningKey

from connector.crypto.keyring import KEY_BYTES, KEY_ID_BYTES, Role

CONTEXT_BYTES = 8


def derive(key: bytes, number: int, context: bytes, *, size: int = KEY_BYTES) -> bytes:
    """Derive an independent key.

    Args:
        key: the 32 bytes to derive from.
        number: which of the keys of this context, 0 to 2**64 - 1.
        context: 8 bytes that say what it is for.
        size: bytes wanted, 16 to 64.

    Raises:
        ValueError: a key, context or size of another length.
    """
    if len(key) != KEY_BYTES or len(context) != CONTEXT_BYTES or not 16 <= size <= 64:
        raise ValueError("derive() takes a key of 32 bytes, a context of 8, a size of 16 to 64")
    salt = number.to_bytes(8, "little").ljust(16, b"\0")
    person = context.ljust(16, b"\0")
    return hashlib.blake2b(b"", digest_size=size, key=key, salt=salt, person=person).digest()


def public_half(role: Role, material: bytes) -> bytes | None:
    """The public key that belongs to the material, or None for a symmetric key."""
    if role is Role.SEAL:
        return material
    if role is Role.OPEN:
        return crypto_scalarmult_base(material)
    if role is Role.SIGN:
        return bytes(SigningKey(material).verify_key)
    return None


def key_id(role: Role, material: bytes) -> str:
    """The id of a key, 16 hex digits: a hash of it, so that a wrong key can't bear the right id.

    A public key and its private half have the same id.
    """
    public = public_half(role, material)
    digest = hashlib.blake2b(
        public or b"",
        digest_size=KEY_ID_BYTES,
        key=b"" if public else material,
        person=b"mlc key id",
    )
    return digest.hexdigest()
