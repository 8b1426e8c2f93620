"""connector.crypto.shares"""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.crypto import shares
from connector.crypto.errors import CannotOpen
from connector.crypto.secret import Secret

KEY = bytes(range(32))
# From SLIP-39's own vectors, "Basic sharing 2-of-3 (256 bits)"; opened without its passphrase
VECTOR = (
    (
        "humidity disease academic always aluminum jewelry energy woman receiver strategy amuse "
        "duckling lying evidence network walnut tactics forget hairy rebound impulse brother "
        "survive clothes stadium mailman rival ocean reward venture always armed unwrap"
    ),
    (
        "humidity disease academic agency actress jacket gross physics cylinder solution fake "
        "mortgage benefit public busy prepare sharp friar change work slow purchase ruler again "
        "tricycle involve viral wireless mixture anatomy desert cargo upgrade"
    ),
)


def test_any_that_are_enough_make_the_key_and_fewer_do_not() -> None:
    lists = shares.split(KEY, shares=5, threshold=3)

    assert all(len(words.reveal().split()) == 33 for words in lists)
    assert {shares.needed(words) for words in lists} == {3}
    for some in combinations(lists, 3):
        assert shares.join(some) == KEY
    for few in combinations(lists, 2):
        with pytest.raises(CannotOpen, match="too few"):
            shares.join(few)


def test_shares_are_other_ones_each_time_and_do_not_mix() -> None:
    one, other = (shares.split(KEY, shares=2, threshold=2) for _ in range(2))

    assert not {words.reveal() for words in one} & {words.reveal() for words in other}
    with pytest.raises(CannotOpen):
        shares.join([one[0], other[1]])


@pytest.mark.parametrize(("number", "threshold"), [(1, 1), (2, 1), (2, 3), (17, 2), (0, 0)])
def test_numbers_out_of_bounds_are_refused(number: int, threshold: int) -> None:
    with pytest.raises(ValueError, match="2 to 16 shares"):
        shares.split(KEY, shares=number, threshold=threshold)


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=60))
def test_what_is_no_share_is_refused_without_repeating_it(text: str) -> None:
    typed = Secret(f"canary {text}".encode(errors="ignore").decode())

    with pytest.raises(CannotOpen) as refused:
        shares.needed(typed)

    assert "canary" not in str(refused.value)


def test_a_word_typed_wrong_is_noticed() -> None:
    words = shares.split(KEY, shares=2, threshold=2)[0].reveal().split()
    words[7] = "academic" if words[7] != "academic" else "acid"

    with pytest.raises(CannotOpen, match="a word of it is wrong"):
        shares.needed(Secret(" ".join(words)))


def test_shares_of_the_standard_s_own_vectors_join() -> None:
    lists = [Secret(words) for words in VECTOR]

    assert shares.needed(lists[0]) == 2
    assert shares.join(lists).hex() == (
        "8f75a27a9dceb390b10e06d576007c3e7b32ed8ba6b521d5ceaf601df27b48ed"
    )
