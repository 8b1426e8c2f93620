"""Bodies: made from values, with the directives for fields, lists, choices and nested JSON."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connector.systems.body import Body, render_body
from connector.systems.errors import SystemFailure
from connector.systems.scope import Scope
from connector.systems.spec_fields import Field, Wire
from connector.systems.template import DROP, TemplateError

TAX = {"rate": Field(name="rate", type="decimal", at=("rate",))}
LINE = {
    "amount": Field(name="amount", type="money", currency="USD", at=("Amount",)),
    "account": Field(name="account", type="text", at=("Detail", "AccountRef", "value")),
    "taxes": Field(name="taxes", type="list", at=("taxes",), fields=TAX),
}
FIELDS = {
    "number": Field(name="number", type="text", at=("DocNumber",)),
    "vendor": Field(name="vendor", type="id", at=("VendorRef", "value")),
    "due": Field(name="due", type="date", at=("DueDate",)),
    "total": Field(name="total", type="money", currency="USD", at=("Total",), write="never"),
    "lines": Field(name="lines", type="list", at=("Line",), fields=LINE),
}
RECORD: dict[str, Any] = {
    "number": "1001",
    "vendor": "7",
    "due": date(2026, 12, 1),
    "total": Decimal("30.00"),
    "lines": [
        {"amount": Decimal("10.00"), "account": "a", "taxes": [{"rate": Decimal("7.7")}]},
        {"amount": Decimal("20.00")},
    ],
}


def made(source: Any, verb: str = "create", wire: Wire | None = None, **names: Any) -> Any:
    scope = Scope(
        names={"record": RECORD, "id": "42", "settings": {"x": 1}, **names},
        system="QuickBooks",
        wire=wire or Wire(),
        fields={"record": FIELDS},
        verb=verb,
    )
    return render_body(Body(source), scope)


def test_fields_go_where_they_lie_and_unwritable_ones_stay_out() -> None:
    assert made({"$fields": "record", "Id": "{{ id }}"}) == {
        "DocNumber": "1001",
        "VendorRef": {"value": "7"},
        "DueDate": "2026-12-01",
        "Line": [
            {
                "Amount": Decimal("10.00"),
                "Detail": {"AccountRef": {"value": "a"}},
                "taxes": [{"rate": Decimal("7.7")}],
            },
            {"Amount": Decimal("20.00")},
        ],
        "Id": "42",
    }


def test_what_stands_beside_the_fields_is_merged_over_them() -> None:
    body = made({"$fields": "record", "VendorRef": {"name": "Acme"}, "Line": []})
    assert body["VendorRef"] == {"value": "7", "name": "Acme"}
    assert body["Line"] == []


def test_each_makes_one_item_per_element_and_may_nest() -> None:
    source = {
        "$each": "record.lines",
        "$item": {
            "sum": "{{ line.amount }}",
            "tax": {"$each": "line.taxes", "$as": "tax", "$item": "{{ tax.rate }}"},
        },
    }
    assert made(source) == [
        {"sum": Decimal("10.00"), "tax": [Decimal("7.7")]},
        {"sum": Decimal("20.00")},
    ]


def test_each_without_an_item_sends_the_fields_of_the_element() -> None:
    assert made({"$each": "record.lines"})[1] == {"Amount": Decimal("20.00")}


def test_if_goes_by_presence() -> None:
    source = {"$if": "record.x", "$then": "{{ record.x }}", "$else": "none"}
    for value, wanted in (("a", "a"), (None, "none"), ([], "none"), (0, 0), (False, False)):
        assert made(source, record={**RECORD, "x": value}) == wanted
    assert made({"k": {"$if": "record.x", "$then": 1}}) == {}


def test_json_stands_in_json_as_text() -> None:
    assert made({"payload": {"$json": {"n": "{{ record.number }}", "m": Decimal("1.10")}}}) == {
        "payload": '{"n":"1001","m":1.10}'
    }


def test_money_in_a_text_takes_the_currency_of_its_row() -> None:
    columns = {
        "net": Field(name="net", type="money", currency="cur", at=("net",), wire="minor"),
        "cur": Field(name="cur", type="currency", at=("cur",)),
    }
    rows = Field(name="rows", type="list", at=("rows",), fields=columns)
    scope = Scope(
        names={"record": {"rows": [{"net": Decimal(5), "cur": "JPY"}, {"net": 5, "cur": "KWD"}]}},
        fields={"record": {"rows": rows}},
    )
    source = {"$each": "record.rows", "$item": "{{ line.cur }} {{ line.net }}"}
    assert render_body(Body(source), scope) == ["JPY 5", "KWD 5000"]


def test_optional_drops_the_key_and_the_element() -> None:
    assert made({"a": "{{ record.x | optional }}", "b": 1}) == {"b": 1}
    assert made(["{{ record.x | optional }}", 2]) == [2]
    assert made("{{ record.x | optional }}") is DROP


def test_literals_stay_as_they_are() -> None:
    source = {"a": True, "b": None, "c": 1, "d": Decimal("1.5"), "e": ["x", []], "$filter": "y"}
    assert made(source, wire=Wire(boolean="yes_no", decimal="text")) == source


def test_a_partial_update_sends_what_is_given_and_empties_what_became_empty() -> None:
    changed = {"number": "1002", "due": None}
    assert made({"$fields": "record"}, "update", record=changed) == {
        "DocNumber": "1002",
        "DueDate": None,
    }
    empty = made({"$fields": "record"}, "update", Wire(clear="empty"), record=changed)
    assert empty["DueDate"] == ""
    assert made({"$fields": "record"}, record=changed) == {"DocNumber": "1002"}


def test_a_system_that_can_not_empty_a_field_holds_the_record() -> None:
    with pytest.raises(SystemFailure, match='can\'t empty a field, and "due" became empty'):
        made({"$fields": "record"}, "update", Wire(clear="never"), record={"due": None})


def test_a_field_that_the_system_has_not_is_never_dropped_in_silence() -> None:
    with pytest.raises(SystemFailure, match='has no field "extra"'):
        made({"$fields": "record"}, record={"extra": 1})


def test_a_value_can_not_change_the_shape_of_a_body() -> None:
    evil = '"}, "$fields": {"a": "{{ settings.x }}'
    assert made({"a": "{{ record.number }}"}, record={"number": evil}) == {"a": evil}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"$each": "record.lines", "x": 1}, '"x" can\'t stand beside "$each"'),
        ({"$if": "record.x"}, '"$if" needs "$then"'),
        ({"$item": 1}, '"$item" stands without its'),
        ({"$each": "{{ record.lines }}"}, "a bare name"),
        ({"a": "{{ b | c }}"}, 'unknown pipe "c"'),
    ],
)
def test_directives_that_do_not_go_together_are_refused(source: Any, says: str) -> None:
    with pytest.raises(TemplateError) as caught:
        Body(source)
    assert says in str(caught.value)
