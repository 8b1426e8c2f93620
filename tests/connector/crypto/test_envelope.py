"""connector.crypto.envelope and connector.crypto.aead"""

import secrets
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt

from connector.crypto import aead, envelope
from connector.crypto.envelope import Place
from connector.crypto.errors import CannotOpen, NotHeld, UnknownFormat, UnknownKey
from connector.crypto.keyring import Domain, get_keyring
from tests.keyrings import holding

PLACE = Place("flows_run", "7", "input")
OTHER_PLACES = [
    replace(PLACE, table="flows_version"),
    replace(PLACE, row="8"),
    replace(PLACE, field="position"),
    Place("flows_ru", "n7", "input"),
    Place("flows_run", "", "7input"),
]
VECTORS = [
    (
        Domain.RECEIVER,
        (
            "0102b220342ea84a5e07"
            "6465666768696a6b6c6d6e6f707172737475767778797a7b"
            "003699f2483a8e4086893950f12a1d1551b4f6"
        ),
    ),
    (
        Domain.CONFIG,
        (
            "010358582b3ece35f329"
            "6465666768696a6b6c6d6e6f707172737475767778797a7b"
            "4d4881984b1d8e77dc7a6e0d5f570703bf1271"
        ),
    ),
    (
        Domain.PAYLOAD,
        (
            "01042d7556e29ad47670"
            "6465666768696a6b6c6d6e6f707172737475767778797a7b"
            "01274c2bcf8898159c19060acf81b60e04e3a4"
        ),
    ),
]


def test_the_cipher_is_that_of_the_draft(monkeypatch: pytest.MonkeyPatch) -> None:
    """draft-irtf-cfrg-xchacha-03, A.3.1."""
    nonce = bytes(range(0x40, 0x58))
    monkeypatch.setattr(secrets, "token_bytes", lambda size: nonce)
    plain = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        b"future, sunscreen would be it."
    )

    sealed = aead.encrypt(
        plain,
        key=bytes(range(0x80, 0xA0)),
        bound_to=bytes.fromhex("50515253c0c1c2c3c4c5c6c7"),
    )

    assert sealed[:24] == nonce
    assert sealed[24:40].hex() == "bd6d179d3e83d43b9576579493c0e939"
    assert sealed[-16:].hex() == "c0875924c1c7987947deafd8780acf49"


@pytest.mark.parametrize(("domain", "vector"), VECTORS)
def test_the_format_never_changes(
    domain: Domain, vector: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change here makes what boxes have stored unreadable: it needs a new format version."""
    assert envelope.open_sealed(domain, bytes.fromhex(vector), place=PLACE) == b"abc"

    monkeypatch.setattr(secrets, "token_bytes", lambda size: bytes(range(100, 100 + size)))

    assert envelope.seal(domain, b"abc", place=PLACE).hex() == vector


def test_the_format_is_the_one_that_the_docstring_describes() -> None:
    blob = envelope.seal(Domain.CONFIG, b"plain", place=PLACE)
    key = get_keyring().primary(Domain.CONFIG)
    bound = [b"\x01", b"\x03", b"02d7c3a9684a4456", b"flows_run", b"7", b"input", blob[2:10]]
    associated = b"".join(len(part).to_bytes(8, "big") + part for part in bound)

    plain = crypto_aead_xchacha20poly1305_ietf_decrypt(
        blob[34:], associated, blob[10:34], key.material
    )

    assert plain == b"plain"
    assert blob[2:10].hex() == key.id == envelope.key_id(blob)
    assert len(blob) == 34 + 5 + 16


@given(st.binary(max_size=300))
def test_what_is_sealed_opens_and_never_shows(plain: bytes) -> None:
    blob = envelope.seal(Domain.PAYLOAD, plain, place=PLACE)

    assert envelope.open_sealed(Domain.PAYLOAD, blob, place=PLACE) == plain
    assert blob != envelope.seal(Domain.PAYLOAD, plain, place=PLACE)
    assert len(plain) < 4 or plain not in blob


BLOB = bytes.fromhex(VECTORS[1][1])


def test_any_flipped_bit_is_refused() -> None:
    for bit in range(len(BLOB) * 8):
        changed = bytearray(BLOB)
        changed[bit // 8] ^= 1 << bit % 8

        with pytest.raises((CannotOpen, UnknownKey)):
            envelope.open_sealed(Domain.CONFIG, bytes(changed), place=PLACE)


def test_any_truncation_is_refused() -> None:
    for length in range(len(BLOB)):
        with pytest.raises(CannotOpen):
            envelope.open_sealed(Domain.CONFIG, BLOB[:length], place=PLACE)


@given(st.binary(max_size=120))
def test_nonsense_is_refused(blob: bytes) -> None:
    for start in (b"", b"\x01\x03", BLOB[:10]):
        with pytest.raises((CannotOpen, UnknownKey)):
            envelope.open_sealed(Domain.CONFIG, start + blob, place=PLACE)


def test_more_bytes_at_the_end_are_refused() -> None:
    with pytest.raises(CannotOpen):
        envelope.open_sealed(Domain.CONFIG, BLOB + b"\0", place=PLACE)


@pytest.mark.parametrize("place", OTHER_PLACES)
def test_a_value_moved_to_another_place_is_refused(place: Place) -> None:
    with pytest.raises(CannotOpen, match="moved here from another place or box"):
        envelope.open_sealed(Domain.CONFIG, BLOB, place=place)


def test_a_value_of_another_domain_is_refused_even_with_its_marker_changed() -> None:
    with pytest.raises(CannotOpen, match="another domain"):
        envelope.open_sealed(Domain.PAYLOAD, BLOB, place=PLACE)
    with pytest.raises(UnknownKey, match="domain payload"):
        envelope.open_sealed(Domain.PAYLOAD, b"\x01\x04" + BLOB[2:], place=PLACE)


def test_a_value_of_another_box_is_refused_by_the_id_of_its_key() -> None:
    with holding("other_box"), pytest.raises(UnknownKey, match="58582b3ece35f329") as refused:
        envelope.open_sealed(Domain.CONFIG, BLOB, place=PLACE)

    assert (refused.value.domain, refused.value.key_id) == ("config", "58582b3ece35f329")


def test_the_same_keys_in_a_box_of_another_name_do_not_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    renamed = replace(get_keyring(), cell="another")  # type: ignore[type-var]
    monkeypatch.setattr(envelope, "get_keyring", lambda: renamed)

    with pytest.raises(CannotOpen):
        envelope.open_sealed(Domain.CONFIG, BLOB, place=PLACE)


def test_the_key_is_chosen_by_its_id_and_never_by_trial() -> None:
    payload_key = bytes.fromhex(get_keyring().primary(Domain.PAYLOAD).id)

    with pytest.raises(UnknownKey):
        envelope.open_sealed(Domain.CONFIG, BLOB[:2] + payload_key + BLOB[10:], place=PLACE)


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_format_is_refused_and_never_tried(version: int) -> None:
    with pytest.raises(UnknownFormat, match="format 1, the only one"):
        envelope.open_sealed(Domain.CONFIG, bytes([version]) + BLOB[1:], place=PLACE)


@pytest.mark.parametrize("domain", [Domain.VAULT, Domain.LEDGER, Domain.AUDIT, Domain.BACKUP])
def test_other_domains_are_not_for_values_in_rows(domain: Domain) -> None:
    with pytest.raises(ValueError, match=f"not sealed in the domain {domain}"):
        envelope.seal(domain, b"x", place=PLACE)


def test_a_process_without_the_key_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = replace(get_keyring(), held=())  # type: ignore[type-var]
    monkeypatch.setattr(envelope, "get_keyring", lambda: empty)

    with pytest.raises(NotHeld, match="no key to encrypt in the domain config"):
        envelope.seal(Domain.CONFIG, b"x", place=PLACE)


def test_json_keeps_its_decimals() -> None:
    value = {"total": Decimal("10.10"), "lines": [{"amount": Decimal("5")}], "n": 3, "at": None}

    blob = envelope.seal_json(Domain.PAYLOAD, value, place=PLACE)

    opened = envelope.open_json(Domain.PAYLOAD, blob, place=PLACE)
    assert opened == value
    assert str(opened["lines"][0]["amount"]) == "5"


def test_sealed_bytes_that_are_no_json_are_refused_as_json() -> None:
    blob = envelope.seal(Domain.PAYLOAD, b"{canary", place=PLACE)

    with pytest.raises(CannotOpen, match="is not JSON") as refused:
        envelope.open_json(Domain.PAYLOAD, blob, place=PLACE)

    assert "canary" not in str(refused.value)


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError, match=r"\$\.total is a float"):
        envelope.seal_json(Domain.PAYLOAD, {"total": 10.1}, place=PLACE)
