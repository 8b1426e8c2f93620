"""connector.crypto.exact_json"""

import enum
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crypto import exact_json

TEXTS = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def _exactly(value: Any) -> Any:
    """The value with types, and each Decimal with sign, digits and exponent."""
    if isinstance(value, Decimal):
        return ("Decimal", value.as_tuple())
    if isinstance(value, list):
        return [_exactly(item) for item in value]
    if isinstance(value, dict):
        return {name: _exactly(item) for name, item in value.items()}
    return (type(value), value)


@given(VALUES)
def test_every_value_comes_back_digit_for_digit(value: Any) -> None:
    assert _exactly(exact_json.decode(exact_json.encode(value))) == _exactly(value)


def test_a_whole_decimal_stays_a_decimal() -> None:
    encoded = exact_json.encode({"a": Decimal("5"), "b": Decimal("1.10"), "c": 5})

    assert encoded == b'{"a":5E0,"b":1.10,"c":5}'
    assert repr(exact_json.decode(encoded)["a"]) == "Decimal('5')"


def test_members_of_enums_are_written_as_their_values() -> None:
    color = enum.StrEnum("color", {"RED": "red"})

    assert exact_json.encode([color.RED]) == b'["red"]'


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"lines": [{"amount": 1.5}]}, r"\$\.lines\[0\]\.amount is a float"),
        (float("nan"), "float"),
        ({"a": Decimal("NaN")}, r"\$\.a is not a finite number"),
        ([Decimal("-Infinity")], r"\$\[0\] is not a finite number"),
        ({1: "x"}, "is a dict"),
        (b"canary", "is a bytes"),
        ({"canary"}, "is a set"),
        (date(2026, 11, 25), "is a date"),
        ("canary\ud800", "surrogate"),
    ],
)
def test_what_json_does_not_carry_exactly_is_refused_without_showing_it(
    value: Any, told: str
) -> None:
    with pytest.raises(TypeError, match=told) as refused:
        exact_json.encode(value)

    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"{", b"NaN", b"1 2", b"\xff"])
def test_bytes_that_are_no_json_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        exact_json.decode(data)
