"""connector.crypto.kdf"""

import pytest
from nacl.public import PrivateKey
from nacl.signing import SigningKey

from connector.crypto import kdf
from connector.crypto.keyring import Role

MASTER = bytes(range(32))


def test_a_derived_key_is_what_libsodium_derives() -> None:
    derived = kdf.derive(MASTER, 1, b"Examples")

    assert derived.hex() == "db4b973a1a3ff12de3d88891c60acf8438ed707a73b3d16dd62048c3a6e372e9"


def test_number_context_and_key_all_make_another_key() -> None:
    keys = {
        kdf.derive(MASTER, 1, b"Examples"),
        kdf.derive(MASTER, 2, b"Examples"),
        kdf.derive(MASTER, 1, b"examples"),
        kdf.derive(MASTER[::-1], 1, b"Examples"),
    }

    assert len(keys) == 4


@pytest.mark.parametrize(
    ("key", "context", "size"),
    [(MASTER[:-1], b"Examples", 32), (MASTER, b"short", 32), (MASTER, b"Examples", 8)],
)
def test_other_lengths_are_refused(key: bytes, context: bytes, size: int) -> None:
    with pytest.raises(ValueError, match="derive"):
        kdf.derive(key, 1, context, size=size)


def test_both_halves_of_a_pair_have_one_id() -> None:
    private = PrivateKey(MASTER)
    public = bytes(private.public_key)

    assert kdf.public_half(Role.OPEN, MASTER) == public
    assert kdf.key_id(Role.OPEN, MASTER) == kdf.key_id(Role.SEAL, public)
    assert kdf.public_half(Role.SIGN, MASTER) == bytes(SigningKey(MASTER).verify_key)
    assert kdf.public_half(Role.AEAD, MASTER) is None


def test_an_id_is_16_hex_digits_and_never_changes() -> None:
    assert kdf.key_id(Role.AEAD, MASTER) == kdf.key_id(Role.MAC, MASTER)
    assert len(bytes.fromhex(kdf.key_id(Role.AEAD, MASTER))) == 8
    assert kdf.key_id(Role.AEAD, MASTER) != kdf.key_id(Role.AEAD, MASTER[::-1])
