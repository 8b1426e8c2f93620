"""connector.crypto.signing"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.keyrings.held import HeldKeys
from connector.crypto import kdf, keyring, signing
from connector.crypto.errors import NotHeld
from connector.crypto.keyring import Domain, Key, Role
from tests.keyrings import holding

RFC_8032_TEST_2 = (
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    ),
)


def test_it_signs_as_rfc_8032_does(monkeypatch: pytest.MonkeyPatch) -> None:
    seed, public, signature = (bytes.fromhex(text) for text in RFC_8032_TEST_2)
    key = Key(Domain.AUDIT, Role.SIGN, kdf.key_id(Role.SIGN, seed), seed)
    monkeypatch.setattr(signing, "get_keyring", lambda: HeldKeys("box", (key,)))

    assert signing.public_key() == public
    assert signing.sign(b"\x72") == signature
    assert signing.is_signed(b"\x72", signature, public=public)


def test_the_signature_of_a_box_never_changes() -> None:
    assert signing.sign(b"vector").hex() == (
        "fe216a1288db190c0fe5f7bb1dc01011970ec65d9507f64d510d3b2facca358e"
        "7d9d19de8fd6e3517cd5a452c198a3ee76fec1940435d3cced5d6c0ce5c02a08"
    )


@given(st.integers(0, 64 * 8 - 1))
def test_a_signature_with_one_bit_off_is_none(bit: int) -> None:
    signature = bytearray(signing.sign(b"root 8"))
    signature[bit // 8] ^= 1 << bit % 8

    assert not signing.is_signed(b"root 8", bytes(signature), public=signing.public_key())


@pytest.mark.parametrize(
    ("message", "signature", "public"),
    [(b"x", b"", b""), (b"x", bytes(64), bytes(32)), (b"x", bytes(63), bytes(31))],
)
def test_nonsense_is_no_signature(message: bytes, signature: bytes, public: bytes) -> None:
    assert signing.is_signed(message, signature, public=public) is False


def test_another_message_or_another_box_is_refused() -> None:
    signature, public = signing.sign(b"root 8"), signing.public_key()
    with holding("other_box"):
        others = signing.public_key()

    assert signing.is_signed(b"root 8", signature, public=public)
    assert not signing.is_signed(b"root 9", signature, public=public)
    assert not signing.is_signed(b"root 8", signature, public=others)


def test_web_cannot_sign() -> None:
    with holding("web"):
        with pytest.raises(NotHeld, match="no key to sign in the domain audit"):
            signing.sign(b"root 8")
        with pytest.raises(NotHeld):
            signing.public_key()
    assert keyring.get_keyring().primary(Domain.AUDIT, role=Role.SIGN)
