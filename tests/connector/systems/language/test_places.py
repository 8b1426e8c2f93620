"""Encoding by place: a value never leaves the segment, parameter or header it was put in."""

from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.systems.errors import SystemFailure
from connector.systems.render import render
from connector.systems.scope import Scope
from connector.systems.spec_request import Request
from connector.systems.template import Template


def target(path: str = "", query: dict[str, Any] | None = None, **names: Any) -> str:
    request = Request(path=Template(path), query=query or {})
    return render(request, Scope(names=names, system="BILL")).target


def headers(text: str, **names: Any) -> dict[str, str]:
    request = Request(headers={"X-A": Template(text), "X-B": Template("b")}, answer="none")
    return dict(render(request, Scope(names=names, system="BILL")).headers)


def test_a_value_in_a_path_is_one_segment() -> None:
    assert target("bills/{{ id }}/x", id="a/b?c#d ü") == "bills/a%2Fb%3Fc%23d%20%C3%BC/x"
    assert target("v({{ id }})/post", id="1)") == "v(1%29)/post"


@pytest.mark.parametrize("value", ["", ".", ".."])
@pytest.mark.parametrize("path", ["bills/{{ id }}", "bills/.{{ id }}", "bills/{{ id }}/x"])
def test_a_value_that_would_climb_is_refused(path: str, value: str) -> None:
    with pytest.raises(SystemFailure):
        target(path, id=value)


def test_a_query_is_encoded_and_optional_parameters_are_left_out() -> None:
    query = {
        "$filter": Template("name eq {{ x | odata }}"),
        "page": Template("{{ token | optional }}"),
        "types[]": (Template("a"), Template("b&c")),
        "n": Template("3"),
    }
    assert parse_qsl(target("p", query, x="O'Neil & Co").removeprefix("p?")) == [
        ("$filter", "name eq 'O''Neil & Co'"),
        ("types[]", "a"),
        ("types[]", "b&c"),
        ("n", "3"),
    ]


def test_an_object_has_no_place_in_a_query() -> None:
    with pytest.raises(SystemFailure):
        target("", {"q": Template("{{ x }}")}, x={"a": 1})


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0", "€"])
def test_a_value_that_would_make_a_header_of_its_own_is_refused(value: str) -> None:
    with pytest.raises(SystemFailure) as caught:
        headers("{{ x }}", x=value)
    assert value not in caught.value.message


def test_an_optional_header_is_left_out() -> None:
    assert headers("{{ x | optional }}") == {"X-B": "b"}
    assert headers("n{{ x }}", x=1) == {"X-A": "n1", "X-B": "b"}


@given(st.text(min_size=1))
def test_no_value_adds_a_segment_to_a_path(value: str) -> None:
    try:
        made = target("a/{{ id }}/b", id=value)
    except SystemFailure:
        assert value in (".", "..")
        return
    before, middle, after = made.split("/")
    assert (before, unquote(middle, errors="strict"), after) == ("a", value, "b")


@given(st.text())
def test_no_value_adds_a_parameter_to_a_query(value: str) -> None:
    made = target("", {"q": Template("{{ x }}"), "z": Template("1")}, x=value)
    assert parse_qsl(made[1:], keep_blank_values=True) == [("q", value), ("z", "1")]
