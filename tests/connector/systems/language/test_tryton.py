"""The description of Tryton, rendered as it is sent: the language as a whole on a real system."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connector.systems import registry
from connector.systems.body import Body, render_body
from connector.systems.render import header_values
from connector.systems.scope import Scope
from connector.systems.template import render, render_text
from connector.systems.wire.fields import read_all

TRYTON = registry.get("tryton")
INVOICES = TRYTON.objects["supplier_invoice"]
SETTINGS = {
    "url": "https://erp.example.com",
    "database": "books",
    "company": 1,
    "payable_account": 4,
    "journal": 2,
}
RECORD: dict[str, Any] = {
    "party": "17",
    "reference": "R-1",
    "invoice_date": date(2026, 11, 20),
    "currency": "1",
    "invoice_address": "9",
    "lines": [
        {
            "description": "Paper",
            "quantity": Decimal("2.5"),
            "unit_price": Decimal("12.345"),
            "account": "11",
        },
    ],
}


def scope(verb: str = "create", **names: Any) -> Scope:
    return Scope(
        names={"settings": SETTINGS, **names},
        system=TRYTON.title,
        wire=TRYTON.wire,
        zone=ZoneInfo("Europe/Zurich"),
        fields={"record": INVOICES.fields},
        verb=verb,
    )


def body(wanted: Body | None, in_scope: Scope) -> Any:
    assert wanted is not None
    return render_body(wanted, in_scope)


def test_addresses_and_hosts_come_from_the_settings() -> None:
    assert render_text(TRYTON.urls["main"], scope()) == "https://erp.example.com/books/"
    assert [render_text(host, scope()) for host in TRYTON.hosts] == ["erp.example.com"]


def test_the_session_header_is_derived() -> None:
    auth = TRYTON.auth
    in_scope = scope(
        credential={"login": "box"}, auth={"uid": 3, "session": "s1", "pair": "cGFpcg=="}
    )
    assert render_text(auth.derive["pair"].of, in_scope) == "box:3:s1"
    assert header_values(auth.send.headers, in_scope) == {"Authorization": "Session cGFpcg=="}


def test_a_page_of_suppliers_is_asked_for_from_an_instant() -> None:
    request = TRYTON.streams["suppliers"].request
    instant = datetime(2026, 11, 20, 8, tzinfo=UTC)
    in_scope = scope(cursor={"from": instant}, page={"offset": 200, "size": 200})
    tagged = {
        "__class__": "datetime", "year": 2026, "month": 11, "day": 20, "hour": 8, "minute": 0,
        "second": 0, "microsecond": 0,
    }  # fmt: skip
    domain, offset, size, *_ = body(request.body, in_scope)["params"]
    assert domain == [
        "OR",
        ["write_date", ">=", tagged],
        ["create_date", ">=", tagged],
        ["addresses.write_date", ">=", tagged],
        ["addresses.create_date", ">=", tagged],
    ]
    assert (offset, size) == (200, 200)


def test_an_invoice_is_made_with_typed_values_and_nested_lines() -> None:
    assert INVOICES.create is not None
    made = body(INVOICES.create.request.body, scope(record=RECORD))
    assert made["method"] == "model.account.invoice.create"
    assert made["params"] == [
        [
            {
                "type": "in",
                "company": 1,
                "party": 17,
                "reference": "R-1",
                "invoice_date": {"__class__": "date", "year": 2026, "month": 11, "day": 20},
                "account": 4,
                "journal": 2,
                "currency": 1,
                "invoice_address": 9,
                "lines": [
                    [
                        "create",
                        [
                            {
                                "description": "Paper",
                                "quantity": Decimal("2.5"),
                                "unit_price": {"__class__": "Decimal", "decimal": "12.345"},
                                "account": 11,
                                "type": "line",
                            }
                        ],
                    ]
                ],
            }
        ],
        {"company": 1},
    ]


def test_an_update_sends_what_changed_and_a_number_as_id() -> None:
    assert INVOICES.update is not None
    made = body(INVOICES.update.request.body, scope("update", record={"reference": "R-2"}, id="42"))
    assert made["params"] == [[42], {"reference": "R-2"}, {"company": 1}]


def test_an_update_replaces_the_lines_that_were_read() -> None:
    assert INVOICES.update is not None
    in_scope = scope("update", record={"lines": RECORD["lines"]}, id="42", remote={"lines": [7, 8]})
    _, changes, _ = body(INVOICES.update.request.body, in_scope)["params"]
    assert [command[0] for command in changes["lines"]] == ["delete", "create"]
    assert changes["lines"][0] == ["delete", [7, 8]]
    assert changes["lines"][1][1][0]["description"] == "Paper"


def test_an_answer_is_read_with_its_dotted_key_and_tagged_numbers() -> None:
    raw = {
        "id": 42,
        "reference": "R-1",
        "party": 17,
        "state": "draft",
        "invoice_date": {"__class__": "date", "year": 2026, "month": 11, "day": 20},
        "currency.": {"code": "EUR"},
        "total_amount": {"__class__": "Decimal", "decimal": "24.69"},
    }
    fields = TRYTON.streams["supplier_invoices"].fields
    assert read_all(raw, fields, TRYTON.wire, UTC) == {
        "id": "42",
        "reference": "R-1",
        "party": "17",
        "state": "draft",
        "invoice_date": date(2026, 11, 20),
        "currency": "EUR",
        "total_amount": Decimal("24.69"),
    }


def test_choices_of_a_setting_need_no_other_setting() -> None:
    choices = next(one for one in TRYTON.settings if one.name == "company").choices_from
    assert choices is not None
    assert render(choices.request.path, Scope(names={})) == "rpc/"
