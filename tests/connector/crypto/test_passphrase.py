"""connector.crypto.passphrase"""

import pytest

from connector.crypto import passphrase
from connector.crypto.errors import CannotOpen, UnknownFormat
from connector.crypto.passphrase import Cost
from connector.crypto.secret import Secret

CHEAP = Cost(1, 8192)
WORDS = Secret("correct horse battery")
BLOB = passphrase.seal(b"root", WORDS, header=b"box 1", cost=CHEAP)


def test_it_opens_with_the_same_passphrase_and_header() -> None:
    assert passphrase.open_sealed(BLOB, WORDS, header=b"box 1") == b"root"


@pytest.mark.parametrize(
    ("words", "header"),
    [(Secret("correct horse batterz"), b"box 1"), (WORDS, b"box 2"), (Secret(""), b"box 1")],
)
def test_another_passphrase_or_header_is_refused(words: Secret, header: bytes) -> None:
    with pytest.raises(CannotOpen) as refused:
        passphrase.open_sealed(BLOB, words, header=header)

    assert "horse" not in str(refused.value)


def test_any_flipped_bit_and_truncation_is_refused() -> None:
    skip = range(1, 13)  # the cost: other values of it are tested below
    for place in (n for n in range(len(BLOB)) if n not in skip):
        changed = bytearray(BLOB)
        changed[place] ^= 1
        with pytest.raises(CannotOpen):
            passphrase.open_sealed(bytes(changed), WORDS, header=b"box 1")
    for length in range(len(BLOB)):
        with pytest.raises(CannotOpen):
            passphrase.open_sealed(BLOB[:length], WORDS, header=b"box 1")


@pytest.mark.parametrize(
    "cost",
    [Cost(0, 8192), Cost(11, 8192), Cost(2**32 - 1, 8192), Cost(1, 8191), Cost(1, 2**30 + 1)],
)
def test_a_cost_out_of_all_bounds_is_refused_before_it_is_paid(cost: Cost) -> None:
    blob = (
        BLOB[:1] + cost.passes.to_bytes(4, "big") + cost.memory_bytes.to_bytes(8, "big") + BLOB[13:]
    )

    with pytest.raises(CannotOpen, match="out of all bounds"):
        passphrase.open_sealed(blob, WORDS, header=b"box 1")


def test_a_changed_cost_within_bounds_is_refused() -> None:
    blob = BLOB[:1] + (2).to_bytes(4, "big") + BLOB[5:]

    with pytest.raises(CannotOpen):
        passphrase.open_sealed(blob, WORDS, header=b"box 1")


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 12 characters"):
        passphrase.seal(b"root", Secret("eleven char"), header=b"", cost=CHEAP)


def test_another_format_is_refused() -> None:
    with pytest.raises(UnknownFormat):
        passphrase.open_sealed(b"\2" + BLOB[1:], WORDS, header=b"box 1")


def test_the_usual_cost_is_argon2id_over_256_mib() -> None:
    assert Cost(3, 256 << 20) == passphrase.USUAL
