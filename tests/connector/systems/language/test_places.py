"""Encoding by place: a value never leaves the segment, parameter or header it was put in."""

from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.systems import places
from connector.systems.errors import SystemFailure
from connector.systems.scope import Scope
from connector.systems.template import Template


def scope(**names: Any) -> Scope:
    return Scope(names=names, system="BILL")


def test_a_value_in_a_path_is_one_segment() -> None:
    assert places.path(Template("bills/{{ id }}/x"), scope(id="a/b?c#d ü")) == (
        "bills/a%2Fb%3Fc%23d%20%C3%BC/x"
    )
    assert places.path(Template("v({{ id }})/post"), scope(id="1)")) == "v(1%29)/post"


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_value_that_would_climb_is_refused(value: str) -> None:
    with pytest.raises(SystemFailure):
        places.path(Template("bills/{{ id }}"), scope(id=value))


def test_dots_that_meet_in_one_segment_are_refused() -> None:
    with pytest.raises(SystemFailure):
        places.path(Template("a/.{{ id }}"), scope(id="\u002e"))


def test_a_query_is_encoded_and_optional_parameters_are_left_out() -> None:
    templates: dict[str, Template | tuple[Template, ...]] = {
        "$filter": Template("name eq {{ x | odata }}"),
        "page": Template("{{ token | optional }}"),
        "types[]": (Template("a"), Template("b&c")),
        "many": Template("{{ list }}"),
        "n": Template("3"),
    }
    made = places.query(templates, scope(x="O'Neil & Co", list=[1, True]))
    assert parse_qsl(made) == [
        ("$filter", "name eq 'O''Neil & Co'"),
        ("types[]", "a"),
        ("types[]", "b&c"),
        ("many", "1"),
        ("many", "true"),
        ("n", "3"),
    ]
    assert places.query({}, scope()) == ""


def test_an_object_has_no_place_in_a_query() -> None:
    with pytest.raises(SystemFailure, match='"q" is an object'):
        places.query({"q": Template("{{ x }}")}, scope(x={"a": 1}))


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0", "€"])
def test_a_value_that_would_make_a_header_of_its_own_is_refused(value: str) -> None:
    with pytest.raises(SystemFailure) as caught:
        places.headers({"X-A": Template("{{ x }}")}, scope(x=value))
    assert value not in caught.value.message


def test_an_optional_header_is_left_out() -> None:
    templates = {"X-A": Template("{{ x | optional }}"), "X-B": Template("b{{ n }}")}
    assert places.headers(templates, scope(n=1)) == {"X-B": "b1"}


@given(st.text(min_size=1))
def test_no_value_adds_a_segment_to_a_path(value: str) -> None:
    try:
        made = places.path(Template("a/{{ id }}/b"), scope(id=value))
    except SystemFailure:
        assert value in (".", "..")
        return
    before, middle, after = made.split("/")
    assert (before, unquote(middle, errors="strict"), after) == ("a", value, "b")


@given(st.text())
def test_no_value_adds_a_parameter_to_a_query(value: str) -> None:
    made = places.query({"q": Template("{{ x }}"), "z": Template("1")}, scope(x=value))
    assert parse_qsl(made, keep_blank_values=True) == [("q", value), ("z", "1")]
