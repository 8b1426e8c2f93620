"""connector.flows.mapping.canonical"""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.flows.mapping import Mapped
from connector.flows.mapping.canonical import (
    payload_bytes,
    record_bytes,
    to_bytes,
    values_to_send,
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.text(max_size=8)
    | st.integers(-(10**20), 10**20)
    | st.decimals(
        allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9
    )
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
)
NESTED = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def reordered(value: Any) -> Any:
    """The same with every object's keys the other way round and decimals with more zeros."""
    match value:
        case dict():
            return {key: reordered(value[key]) for key in reversed(list(value))}
        case list():
            return [reordered(each) for each in value]
        case Decimal():
            return value.quantize(Decimal("0.000001"))
    return value


@given(NESTED)
def test_order_of_keys_and_scale_do_not_matter(value: Any) -> None:
    assert to_bytes(value) == to_bytes(reordered(value))


@given(NESTED, NESTED)
def test_different_values_have_different_bytes(one: Any, other: Any) -> None:
    if one != other:
        assert to_bytes(one) != to_bytes(other)


def test_the_form_is_this_one_for_ever() -> None:
    values = {
        "b": Decimal("80.00"),
        "a": ["1", 1, True, None],
        "d": date(2026, 11, 3),
        "t": datetime(2026, 11, 4, 0, 30, tzinfo=timezone(timedelta(hours=1))),
        "z": Decimal("-0.00"),
    }

    assert to_bytes(values) == (
        b'{"a":["t1","i1",true,null],"b":"d80","d":"y2026-11-03",'
        b'"t":"z2026-11-03T23:30:00+00:00","z":"d0"}'
    )


def test_no_digit_is_lost() -> None:
    one, other = Decimal("1" * 40), Decimal("1" * 39 + "2")

    assert to_bytes(one) != to_bytes(other)
    assert to_bytes(Decimal("1E+999999")) == b'"d1E+999999"'


@pytest.mark.parametrize("value", [1.5, {"a": [1.5]}, datetime(2026, 1, 1), object(), {1, 2}])
def test_what_has_no_exact_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        to_bytes(value)


def test_a_change_of_a_row_with_a_mode_changes_nothing() -> None:
    modes = {"kind": "if_new", "address.phone": "if_empty"}
    one = Mapped({"kind": "A", "name": "x", "address": {"phone": "1", "city": "c"}}, modes)
    other = Mapped({"kind": "B", "name": "x", "address": {"phone": "2", "city": "c"}}, modes)
    third = Mapped({"kind": "A", "name": "x", "address": {"phone": "1", "city": "d"}}, modes)

    assert payload_bytes(one) == payload_bytes(other)
    assert payload_bytes(one) != payload_bytes(third)


def test_an_update_leaves_out_the_rows_with_a_mode() -> None:
    values: dict[str, object] = {
        "kind": "A",
        "name": "x",
        "address": {"phone": "1", "city": "c"},
    }
    mapped = Mapped(values, {"kind": "if_new", "address.phone": "if_empty"})

    assert values_to_send(mapped, created=True) == values
    assert values_to_send(mapped, created=False) == {"name": "x", "address": {"city": "c"}}
    assert values_to_send(mapped, created=False, empty_there={"address.phone", "kind"}) == {
        "name": "x",
        "address": {"phone": "1", "city": "c"},
    }


def test_a_raw_record_has_bytes_whatever_stands_in_it() -> None:
    record = {"n": Decimal("1.50"), "list": [{"a": None}], "text": "ü\u2028"}

    assert record_bytes(record) == record_bytes(dict(reversed(record.items())))
