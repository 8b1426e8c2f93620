"""Patterns for settings: what can't be made to run for hours."""

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.systems.patterns import wrong
from connector.systems.template import Template, TemplateError
from tests.connector.systems.language.documents import FILES, document


def test_every_pattern_of_a_description_is_taken() -> None:
    for name in FILES:
        for one in document(name).get("settings", ()):
            assert wrong(one.get("pattern", "^a$")) == ""


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("^(a+)+$", "can't be repeated"),
        ("^(a|aa)*$", "can't be repeated"),
        ("^((a?)b){2}$", "can't be repeated"),
        ("^(?:(?:a{1,3})){1,9}$", "can't be repeated"),
        ("^a*a*a*a*a*$", "more than 4 repeats"),
        ("^" + "a?" * 11 + "$", "10 optional parts"),
        ("^(?=a)$", "no look-around"),
        ("^(?P<x>a)$", "no look-around"),
        ("(?i)^a$", "no look-around"),
        (r"^(a)\1$", "no back references|no look-around"),
        ("^[a$", "is not a pattern"),
        ("^(a$", "is not a pattern"),
        ("^[[a]$", "is not a pattern: Possible nested set"),
    ],
)
def test_what_could_run_for_hours_is_refused(pattern: str, says: str) -> None:
    assert re.search(says, wrong(pattern))


@pytest.mark.parametrize(
    "pattern", [r"^[+*?|()]{3}\+\(\?$", "^[^]a]+$", r"^(-[0-9]{4}){3}$", "^(a|b)?$"]
)
def test_signs_in_brackets_and_behind_a_stroke_are_no_repeats(pattern: str) -> None:
    assert wrong(pattern) == ""


@given(st.text(st.sampled_from(list("a()[]{}?*+|\\^$1,:-")), max_size=25))
def test_any_pattern_is_judged_and_what_passes_is_quick(pattern: str) -> None:
    if wrong(pattern):
        return
    began = time.monotonic()
    re.fullmatch(pattern, "a" * 60 + "!")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("text", ["{{" * 100_000, "{{ a " * 60_000, "}}" * 100_000, "{" * 200_000])
def test_a_hostile_template_is_read_in_no_time(text: str) -> None:
    began = time.monotonic()
    with contextlib.suppress(TemplateError):
        Template(text)
    assert time.monotonic() - began < 1
