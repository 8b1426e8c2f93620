"""The strict reader: what is text stays text, and nothing clever gets in."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.systems.yaml_reader import MOST_BYTES, MOST_EVENTS, YamlError, read


def value(text: str) -> object:
    return read(text, "x.yaml")[0]


@pytest.mark.parametrize(
    "text",
    ["NO", "on", "yes", "0400", "12:30", "1e3", "0x1F", ".inf", "1_000", "~", "2026-11-03", "+1",
     "1.", ".5", "True", "NULL", "1234567890123456789", "01.5", "1.5e3", "１"],
)  # fmt: skip
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(text: str) -> None:
    assert value(f"a: {text}") == {"a": text}


def test_numbers_truth_values_and_null_are_typed() -> None:
    found = value("[1, -20, 0, 999999999999999999, 1180.10, -0.5, true, false, null]")
    whole = [1, -20, 0, 999999999999999999, Decimal("1180.10"), Decimal("-0.5"), True, False, None]
    assert found == whole
    assert [type(one) for one in found] == [type(one) for one in whole]


def test_a_quoted_value_is_text_and_every_key_is_text() -> None:
    assert value("1: '1'\ntrue: \"true\"\non: 'null'") == {"1": "1", "true": "true", "on": "null"}


def test_every_path_has_its_line() -> None:
    _, lines = read("a:\n  b:\n    - 1\n    - c: 2\n", "x.yaml")
    assert lines[("a",)] == 1
    assert lines[("a", "b")] == 2
    assert lines[("a", "b", 1, "c")] == 4
    assert lines.near(("a", "b", 1, "missing", 7)) == 4
    assert lines.near(("nowhere",)) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\na: 2", 'x.yaml:2: "a" stands here twice'),
        ("a: &x 1", "x.yaml:1: anchors and aliases are not allowed"),
        ("a: 1\nb: *a", "x.yaml:2: anchors and aliases are not allowed"),
        ("a: !!int 1", "x.yaml:1: tags are not allowed"),
        ("a: ! 1", "x.yaml:1: tags are not allowed"),
        ("\n<<: {a: 1}", "x.yaml:2: merge keys are not allowed"),
        ("a: {{ x }}", 'x.yaml:1: a key must be a plain text; write "{{ name }}" in quotes'),
        ("? [a]\n: 1", "x.yaml:1: a key must be a plain text"),
        ("a: 1\n---\nb: 2", "x.yaml:2: a second document starts here"),
        ("", "x.yaml:1: the file is empty"),
        ("# only a note\n", "x.yaml:1: the file is empty"),
        ("a: 1\nb: \x07", "x.yaml:2: a character that a text can't hold"),
        ('a: "\\0"', "x.yaml:1: a character that a text can't hold"),
        ('a: "\\ud800"', "x.yaml:1: a character that a text can't hold"),
        ("a: 1\nb: 'x\n\n", "x.yaml:2: a quote that opens here is never closed"),
        ("[" * 31 + "]" * 31, "x.yaml:1: nested more than 30 deep"),
        ("[" * 100_000, "x.yaml:1: nested more than 30 deep"),
        ("a: 1\n" + "#" * MOST_BYTES, "x.yaml:1: the file is larger than 256 kB"),
        ("[" + "1," * MOST_EVENTS + "]", f"x.yaml:1: more than {MOST_EVENTS} values"),
    ],
)
def test_what_is_refused_is_refused_with_file_and_line(text: str, says: str) -> None:
    with pytest.raises(YamlError) as caught:
        value(text)
    assert says in str(caught.value)


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_fail_in_another_way(text: str) -> None:
    try:
        found = value(text)
    except YamlError:
        return
    assert no_float(found)


@given(st.lists(st.sampled_from(list("{}[]:,-?&*!|>'\"%@#\n \tab1.0")), max_size=40).map("".join))
def test_no_mix_of_yaml_signs_makes_the_reader_fail_in_another_way(text: str) -> None:
    try:
        found = value(text)
    except YamlError:
        return
    assert no_float(found)


def no_float(found: object) -> bool:
    if isinstance(found, dict):
        return all(no_float(one) for one in found.values())
    if isinstance(found, list):
        return all(no_float(one) for one in found)
    return not isinstance(found, float)
