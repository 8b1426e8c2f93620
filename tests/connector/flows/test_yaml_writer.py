"""connector.flows.yaml_writer"""

from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.flows.yaml_writer import WIDTH, dump
from connector.systems.yaml_reader import read

TEXTS = (
    st.text("ab01:?-#,[]{}&*!|>'\"%@`=<~ .+_\\/e", max_size=6)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
    | st.sampled_from(
        [
            "NO",
            "on",
            "y",
            "~",
            "null",
            "0400",
            "1e3",
            "0x1F",
            "12:30",
            "2026-11-03",
            "-",
            "- a",
            "=",
            "<<",
        ]
    )
    | st.sampled_from(
        ["a: b", "a #b", "'", '"', "*x", "&x", "!x", "%x", "@x", "`x", ".5", "1_0", "+1"]
    )
    | st.sampled_from(
        [" a", "a ", "", ".inf", "NaN", "0o7", "?", "? a", "|", ">", "1.5.", "a\nb", "\u0085"]
    )
)
KEYS = TEXTS.filter(lambda key: key != "<<")
NUMBERS = st.integers(-(10**17), 10**17) | st.decimals(
    places=2, allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


def load(text: str) -> Any:
    return read(text, "t.yaml")[0]


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_again_and_written_the_same(document: dict[str, Any]) -> None:
    text = dump(document)
    again = load(text)

    assert again == document
    assert _types(again) == _types(document)
    assert dump(again) == text


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_other_readers_see_a_text_too(value: str) -> None:
    assert yaml.safe_load(dump({"a": [value], "b": value})) == {"a": [value], "b": value}


def _types(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _types(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_types(each) for each in value]
    return type(value)


def test_sections_stand_in_their_order_and_named_things_in_blocks() -> None:
    document = {
        "flows": {
            "a": {
                "title": "A",
                "mapping": {"map": {"x": {"from": "z"}}, "filter": [["a", "is", 1]]},
            }
        },
        "systems": {"s": {"file": "s.yaml"}},
        "format": 1,
    }

    assert dump(document) == (
        "format: 1\n\n"
        "systems:\n  s:\n    file: s.yaml\n\n"
        "flows:\n  a:\n    title: A\n    mapping:\n"
        "      map:\n        x: {from: z}\n"
        "      filter:\n        - [a, is, 1]\n"
    )


def test_what_is_longer_than_a_line_becomes_a_block() -> None:
    row = {"from": "x" * 60, "do": ["y" * 60]}
    text = dump({"a": {"row": row}})

    assert text == f"a:\n  row:\n    from: {'x' * 60}\n    do: [{'y' * 60}]\n"
    assert all(len(line) <= WIDTH for line in text.splitlines())


@pytest.mark.parametrize("value", [1.5, b"x", {1: 2}, {None: 1}, {1, 2}, object()])
def test_what_a_file_can_not_hold_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        dump({"a": {"b": value}})


@pytest.mark.parametrize(
    "value", [10**18, Decimal(1).scaleb(-21), Decimal("NaN"), Decimal(10) ** 19]
)
def test_a_number_that_would_not_come_back_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="can't be written"):
        dump({"a": value})
