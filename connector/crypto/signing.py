"""Ed25519 signatures (RFC 8032) under the box's audit key. Only the worker can sign."""

from nacl.exceptions import CryptoError as NaclError
from nacl.signing import SigningKey, VerifyKey

from connector.crypto import kdf
from connector.crypto.errors import BadKeyring
from connector.crypto.keyring import Domain, Role, get_keyring


def sign(message: bytes) -> bytes:
    """Sign with the primary audit key: 64 bytes, the same for the same message.

    The message must say itself what it is; a signature has no other context.

    Raises:
        NotHeld: this process does not hold the signing key.
    """
    key = get_keyring().primary(Domain.AUDIT, role=Role.SIGN)
    return SigningKey(key.material).sign(message).signature


def public_key() -> bytes:
    """The public half of the primary audit key, 32 bytes. Raises NotHeld."""
    key = get_keyring().primary(Domain.AUDIT, role=Role.SIGN)
    public = kdf.public_half(key.role, key.material)
    if public is None:
        raise BadKeyring(f"The audit key {key.id} is not a signing key.")
    return public


def is_signed(message: bytes, signature: bytes, *, public: bytes) -> bool:
    """Whether the signature is this public key's over this message. Never raises for bad input."""
    try:
        VerifyKey(public).verify(message, signature)
    except (NaclError, ValueError, TypeError):
        return False
    return True
