"""connector.crypto.mac"""

import hashlib
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crypto import mac
from connector.crypto.errors import NotHeld, UnknownKey
from connector.crypto.keyring import Domain, get_keyring
from tests.keyrings import holding

PARTS = st.lists(st.binary(max_size=20), max_size=5)


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        (Domain.VAULT, "d143acfbb2cc88159ca97b36cb6786fb"),
        (Domain.RECEIVER, "3978f05929b9ebb71764ed0753c9aa14"),
        (Domain.CONFIG, "2bdfc4691330afda00965b4fa06f3d80"),
        (Domain.PAYLOAD, "e1dfae3324774d2c43cf0657b41ebfb2"),
        (Domain.LEDGER, "61caad2043ada70d4345898aa862ee75"),
        (Domain.AUDIT, "14d87f19bca2c0b3fd476e23bb0ea1cc"),
    ],
)
def test_a_keyed_hash_never_changes(domain: Domain, expected: str) -> None:
    """A change here makes every stored identity, fingerprint and audit entry wrong."""
    assert mac.keyed_hash(domain, "vector", b"a", b"bc").hex() == expected


def test_a_keyed_hash_is_plain_keyed_blake2b() -> None:
    key = get_keyring().primary(Domain.AUDIT)
    message = b"".join(len(p).to_bytes(8, "big") + p for p in (b"vector", b"a", b"bc"))

    expected = hashlib.blake2b(
        message, digest_size=16, key=key.material, person=b"mlc keyed hash"
    ).digest()

    assert mac.keyed_hash(Domain.AUDIT, "vector", b"a", b"bc") == expected


def test_purpose_parts_size_domain_and_box_all_make_another_hash() -> None:
    hashes = {
        mac.keyed_hash(Domain.AUDIT, "a", b"bc"),
        mac.keyed_hash(Domain.AUDIT, "ab", b"c"),
        mac.keyed_hash(Domain.AUDIT, "a", b"b", b"c"),
        mac.keyed_hash(Domain.AUDIT, "a", b"bc", b""),
        mac.keyed_hash(Domain.AUDIT, "a", b"bc", size=32)[:16],
        mac.keyed_hash(Domain.LEDGER, "a", b"bc"),
    }
    with holding("other_box"):
        hashes.add(mac.keyed_hash(Domain.AUDIT, "a", b"bc"))

    assert len(hashes) == 7


def test_an_older_hash_is_checked_by_the_id_of_its_key() -> None:
    key_id = get_keyring().primary(Domain.AUDIT).id

    named = mac.keyed_hash(Domain.AUDIT, "x", b"y", key_id=key_id)

    assert named == mac.keyed_hash(Domain.AUDIT, "x", b"y")
    for wrong in ("00" * 8, ""):
        with pytest.raises(UnknownKey):
            mac.keyed_hash(Domain.AUDIT, "x", b"y", key_id=wrong)


def test_web_cannot_name_records_as_the_ledger_does() -> None:
    with holding("web"), pytest.raises(NotHeld, match="domain ledger"):
        mac.keyed_hash(Domain.LEDGER, "ledger.source", b"x")


@given(PARTS, PARTS)
def test_other_parts_are_joined_to_other_bytes(one: list[bytes], other: list[bytes]) -> None:
    assert (mac.join(*one) == mac.join(*other)) is (one == other)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_equal_is_equality_for_any_lengths(a: bytes, b: bytes) -> None:
    assert mac.equal(a, b) is (a == b)
    assert mac.equal(a, a) is True
    assert mac.equal(a, a + b"\0") is False


@pytest.mark.parametrize("size", [0, 20, 60, 255, 256])
def test_values_of_up_to_256_bytes_are_all_hashed_as_so_many_bytes(size: int) -> None:
    with mock.patch("connector.crypto.mac.hashlib.blake2b", wraps=hashlib.blake2b) as hashed:
        assert mac.equal(b"\0" * size, b"\0" * size)
        assert not mac.equal(b"\0" * size, b"\0" * (size + 1))

    lengths = [len(call.args[0]) for call in hashed.call_args_list]
    assert lengths[:3] == [8 + 256] * 3
    assert lengths[3] == (8 + 256 if size < 256 else 8 + 512)


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [  # RFC 2202 and RFC 4231, test case 2
        ("sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        ("sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            "sha512",
            (
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
            ),
        ),
    ],
)
def test_hmac_is_that_of_the_rfcs(algorithm: str, expected: str) -> None:
    digest = mac.hmac_digest(algorithm, b"Jefe", b"what do ya want for nothing?")  # type: ignore[arg-type]

    assert digest.hex() == expected


def test_sha256_of_nothing() -> None:
    assert mac.sha256(b"").hex().startswith("e3b0c44298fc1c14")


def test_random_values_differ_and_are_as_long_as_asked() -> None:
    assert len({mac.token() for _ in range(100)}) == 100
    assert len(mac.token(16)) == 22
    assert len(mac.random_bytes(24)) == 24
    assert all(0 <= mac.random_fraction() < 1 for _ in range(100))
