"""Whole fields and records: written by their type, read in every form, held when they don't fit."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.systems.errors import Kind, SystemFailure
from connector.systems.scope import Scope
from connector.systems.spec_fields import BooleanForm, Field, FieldType, Sum, Wire
from connector.systems.wire import checks, fields

VALUES: dict[str, Any] = {
    "text": "a",
    "integer": 5,
    "decimal": Decimal("1.50"),
    "money": Decimal("12.30"),
    "boolean": True,
    "date": date(2026, 1, 31),
    "datetime": datetime(2026, 1, 31, 8, tzinfo=UTC),
    "enum": "x",
    "currency": "EUR",
    "country": "CH",
    "email": "a@b.ch",
    "url": "https://a/",
    "id": "17",
    "list": ["a"],
    "any": {"a": 1},
}


def field(kind: Any, **more: Any) -> Field:
    return Field(name="f", at=("f",), type=kind, **more)


def written(value: Any, of: Field, wire: Wire | None = None, **values: Any) -> Any:
    return fields.write(value, of, Scope(names={}, wire=wire or Wire(), system="BILL"), values)


@pytest.mark.parametrize("kind", get_args(FieldType))
@pytest.mark.parametrize(
    "wire",
    [
        Wire(),
        Wire("text", "minor", "us", "dotnet", "t_f", "number"),
        Wire("tagged", "tagged", "tagged", "tagged", "one_zero"),
        Wire(date="epoch_ms", datetime="epoch_ms", boolean="yes_no", decimal="text", money="text"),
    ],
)
def test_every_type_comes_back_as_it_was(kind: FieldType, wire: Wire) -> None:
    of = field(kind, currency="EUR" if kind == "money" else None)
    value = VALUES[kind]
    found = fields.read(written(value, of, wire), of, wire, UTC, "EUR")
    assert (found, type(found)) == (value, type(value))


def test_every_type_is_refused_what_is_not_of_it() -> None:
    for kind in get_args(FieldType):
        if kind == "any":
            continue
        with pytest.raises(SystemFailure, match='the field "f": it') as caught:
            written(object(), field(kind, currency="EUR"))
        assert caught.value.kind is Kind.REFUSED


@pytest.mark.parametrize("form", get_args(BooleanForm))
@given(value=st.booleans())
def test_a_truth_value_comes_back_from_every_form(form: BooleanForm, value: bool) -> None:
    of = field("boolean", wire=form)
    assert fields.read(written(value, of), of, Wire(), UTC) is value


@pytest.mark.parametrize(
    ("of", "value", "says"),
    [
        (field("text", max=3), "abcd", "is longer than 3 characters"),
        (field("enum", values=("a", "b")), "zz", "is not one of a, b"),
        (field("decimal", scale=2), Decimal("1.005"), "more than 2 decimal places"),
        (field("decimal", digits=4, scale=2), Decimal("123.45"), "more than 4 digits"),
        (
            field("money", currency="JPY", wire="minor"),
            Decimal("1.5"),
            "more than 0 decimal places",
        ),
        (field("money", currency="cur", wire="minor"), Decimal("1"), "has no currency beside it"),
        (field("id", wire="number"), "a1", "is not a number, which this system's ids are"),
        (field("id"), "", "is not an id"),
        (field("integer"), True, "is not a whole number"),
        (field("boolean"), 1, "is not yes or no"),
        (field("date"), "2026-01-01", "is not a date"),
        (field("datetime"), date(2026, 1, 1), "is not a time"),
    ],
)
def test_what_does_not_fit_is_held_never_cut_or_rounded(of: Field, value: Any, says: str) -> None:
    with pytest.raises(SystemFailure) as caught:
        written(value, of)
    assert says in caught.value.message
    assert str(value) not in caught.value.message or value in ("", True, 1)


def test_noughts_at_the_end_are_no_digits_too_many() -> None:
    assert written(Decimal("1.5000"), field("decimal", digits=2, scale=1)) == Decimal("1.5000")
    assert written(Decimal("0.00"), field("decimal", digits=2, scale=1)) == 0


def test_money_takes_the_currency_of_its_row_or_its_record() -> None:
    of = field("money", currency="cur", wire="minor")
    assert written(Decimal("12"), of, cur="JPY") == 12
    scope = Scope(names={"record": {"cur": "KWD"}})
    assert fields.write(Decimal("12"), of, scope, {}) == 12000


def test_a_record_is_read_field_by_field_and_missing_ones_are_left_out() -> None:
    of = {
        "amount": Field(name="amount", type="money", currency="cur", at=("amt",), wire="minor"),
        "cur": Field(name="cur", type="currency", at=("x", "cur")),
        "gone": Field(name="gone", type="text", at=("gone",)),
        "empty": Field(name="empty", type="date", at=("empty",)),
        "lines": Field(
            name="lines",
            type="list",
            at=("lines",),
            fields={
                "net": Field(name="net", type="money", currency="cur", at=("net",), wire="minor")
            },
        ),
    }
    raw = {"amt": 1230, "x": {"cur": "JPY"}, "empty": "", "lines": [{"net": 5}]}
    assert fields.read_all(raw, of, Wire(), UTC) == {
        "amount": Decimal("1230"),
        "cur": "JPY",
        "empty": None,
        "lines": [{"net": Decimal(5)}],
    }


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("date", "soon"), ("money", "1,5"), ("integer", "1.5"), ("boolean", "maybe"), ("id", {}),
     ("list", {}), ("text", []), ("datetime", "2026-13-01T00:00:00Z")],
)  # fmt: skip
def test_an_answer_that_does_not_fit_its_type_is_held_without_showing_it(
    kind: str, raw: Any
) -> None:
    with pytest.raises(SystemFailure) as caught:
        fields.read(raw, field(kind, currency="EUR"), Wire(), UTC, "EUR")
    assert caught.value.message.startswith('The field "f" of the answer ')
    assert not raw or str(raw) not in caught.value.message


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [("text", 12, "12"), ("text", "", ""), ("id", 17, "17"), ("integer", "17", 17),
     ("decimal", "1.50", Decimal("1.50")), ("boolean", "Y", True), ("boolean", 0, False),
     ("email", "", None), ("date", None, None)],
)  # fmt: skip
def test_an_answer_is_read_in_each_form_of_its_type(kind: str, raw: Any, value: Any) -> None:
    found = fields.read(raw, field(kind), Wire(), UTC)
    assert (found, type(found)) == (value, type(value))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(get_args(FieldType)), JSON, st.sampled_from(["minor", "number"]))
def test_any_answer_is_read_or_held(kind: Any, raw: Any, money: Any) -> None:
    try:
        fields.read(raw, field(kind, currency="EUR"), Wire(money=money), UTC, "EUR")
    except SystemFailure as failure:
        assert failure.kind is Kind.REFUSED


LINE = {"amount": Field(name="amount", type="money", currency="USD", required=True, at=("a",))}
BILL = {
    "number": Field(name="number", type="text", required=True, at=("n",)),
    "city": Field(name="city", type="text", required="create", at=("c",)),
    "total": Field(name="total", type="money", currency="USD", write="never", at=("t",)),
    "lines": Field(name="lines", type="list", at=("l",), least=1, most=2, fields=LINE),
}


def bill(**more: Any) -> dict[str, Any]:
    return {"number": "1", "city": "x", "lines": [{"amount": Decimal(1)}], **more}


@pytest.mark.parametrize(
    ("values", "verb", "found"),
    [
        (bill(), "create", []),
        (bill(number=None), "create", [("number", "is needed")]),
        (bill(city=""), "create", [("city", "is needed")]),
        (bill(city=""), "update", []),
        ({"city": "y"}, "update", []),
        ({"number": None}, "update", [("number", "is needed")]),
        (bill(lines=[]), "create", [("lines", "must have 1 to 2 rows, has 0")]),
        (bill(lines=[{}]), "create", [("lines.0.amount", "is needed")]),
        (bill(lines=[{}]), "update", [("lines.0.amount", "is needed")]),
        (bill(lines="x"), "create", [("lines", "is not a list")]),
    ],
)
def test_a_record_is_complete_before_anything_is_sent(values: Any, verb: str, found: Any) -> None:
    assert list(checks.problems(values, BILL, verb)) == found


def test_rows_must_add_up_to_their_total() -> None:
    of = {**BILL, "lines": replace(BILL["lines"], sum=Sum("amount", "total"))}
    assert list(checks.problems(bill(total=Decimal("1.00")), of, "create")) == []
    assert list(checks.problems(bill(total=Decimal("1.01")), of, "create")) == [
        ("lines", '"amount" must add up to "total" and does not')
    ]
    assert list(checks.problems(bill(), of, "create")) == []
