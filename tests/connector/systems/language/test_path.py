"""Paths: a list of keys, a text is one key; what is taken out and put in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.systems import path
from connector.systems.path import MISSING, Header, find, find_all, put, take, take_all

ANSWER = {
    "id": 7,
    "@odata.nextLink": "u",
    "a": {"b": [{"c": 1}, {"c": 2}, {"d": 3}]},
    "none": None,
    "": 0,
}


def test_a_key_is_taken_literally_also_with_dots_in_it() -> None:
    assert find(ANSWER, ("@odata.nextLink",)) == "u"
    assert find(ANSWER, ("a.b",)) is MISSING


def test_a_number_counts_in_lists_only_and_from_the_end_with_a_minus() -> None:
    assert find(ANSWER, ("a", "b", 1, "c")) == 2
    assert find(ANSWER, ("a", "b", -1, "d")) == 3
    assert find(ANSWER, ("a", "b", 3)) is MISSING
    assert find(ANSWER, ("a", "b", -4)) is MISSING
    assert find({"0": 1}, (0,)) is MISSING
    assert find("text", (0,)) is MISSING


def test_the_empty_path_is_the_whole_and_null_is_not_missing() -> None:
    assert find(ANSWER, ()) is ANSWER
    assert find(ANSWER, ("none",)) is None
    assert find(ANSWER, ("none", "x")) is MISSING


def test_a_star_gathers_from_each_of_a_list() -> None:
    assert list(find_all(ANSWER, ("a", "b", "*", "c"))) == [1, 2]
    assert list(find_all([{"m": "x"}, {"m": "y"}], ("*", "m"))) == ["x", "y"]
    assert list(find_all(ANSWER, ("id", "*", "c"))) == []
    assert list(find_all(ANSWER, ("id",))) == [7]


def test_a_header_is_found_whatever_its_case_and_gives_its_last_segment() -> None:
    headers = {"LOCATION": "https://h/v1/bills/a%20b/?x=1", "ETag": 'W/"1"'}
    assert take(Header("etag"), None, headers) == 'W/"1"'
    assert take(Header("Location", "last_segment"), None, headers) == "a b"
    assert take(Header("X-None", "last_segment"), None, headers) is MISSING


def test_take_all_leaves_out_what_the_answer_has_not() -> None:
    taken = take_all({"id": ("id",), "tag": Header("ETag"), "none": ("none",)}, ANSWER, {})
    assert taken == {"id": 7, "none": None}


@pytest.mark.parametrize(
    ("url", "inside"),
    [("companies(1)/vendors(17)", "17"), ("a('x')", "x"), ("plain", ""), ("a(", ""), (")", "")],
)
def test_parentheses_give_the_last_id(url: str, inside: str) -> None:
    assert path.parentheses(url) == inside


def test_put_makes_objects_and_lists_on_the_way() -> None:
    out: dict[str, Any] = {}
    put(out, ("a", "b"), 1)
    put(out, ("a", "c"), 2)
    put(out, ("list", 1, "x"), 3)
    put(out, ("list", 0), 4)
    assert out == {"a": {"b": 1, "c": 2}, "list": [4, {"x": 3}]}


def test_two_fields_can_not_claim_one_place() -> None:
    out: dict[str, Any] = {"a": 1}
    with pytest.raises(ValueError, match="claim the same place"):
        put(out, ("a", "b"), 1)


def test_presence_is_more_than_being_there() -> None:
    assert [path.present(one) for one in (MISSING, None, [], 0, "", False, [None])] == [
        False, False, False, True, True, True, True,
    ]  # fmt: skip


KEYS = st.lists(st.text(max_size=3) | st.integers(-3, 3) | st.just("*"), max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=15,
)


@given(JSON, KEYS)
def test_no_path_fails_on_any_answer(answer: object, keys: list[str | int]) -> None:
    find(answer, tuple(keys))
    list(find_all(answer, tuple(keys)))


@given(st.text(max_size=40))
def test_no_url_fails_in_any_form(url: str) -> None:
    path.last_segment(url)
    path.parentheses(url)


@given(st.lists(st.text(max_size=3) | st.integers(0, 4), min_size=1, max_size=4), JSON)
def test_what_was_put_is_found_again(keys: list[str | int], value: object) -> None:
    where = ("root", *keys)
    out: dict[str, Any] = {}
    put(out, where, value)
    assert find(out, where) == value
