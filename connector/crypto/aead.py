"""XChaCha20-Poly1305 with the nonce in front, and associated data always required.

Source: draft-irtf-cfrg-xchacha-03; the libsodium function
crypto_aead_xchacha20poly1305_ietf. Nonces of 24 random bytes never repeat.
"""

import secrets

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError as NaclError

from connector.crypto.errors import CannotOpen

NONCE_BYTES = 24
TAG_BYTES = 16


def encrypt(plain: bytes, *, key: bytes, bound_to: bytes) -> bytes:
    """nonce | ciphertext | tag."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(plain, bound_to, nonce, key)


def decrypt(sealed: bytes, *, key: bytes, bound_to: bytes, what: str) -> bytes:
    """The plain bytes again.

    Raises:
        CannotOpen: changed, cut short, or bound to something else; it names `what`.
    """
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise CannotOpen(f"{what} does not open: it was cut short.")
    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(ciphertext, bound_to, nonce, key)
    except NaclError:
        raise CannotOpen(
            f"{what} does not open: it was changed, or moved here from another place or box."
        ) from None
