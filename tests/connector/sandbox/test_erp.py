"""The practice ERP over loopback."""

import threading
from decimal import Decimal
from typing import Any

import pytest

from connector.sandbox.server import Running, running_erp
from tests.connector.sandbox.conftest import Caller, erp_bill, sign_in, token_for


def read_all(erp: Caller, kind: str, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = erp.get(f"/api/v1/{kind}", **query).body
        found += page["data"]
        if not page["next_cursor"]:
            return found
        query["cursor"] = page["next_cursor"]


def test_a_token_is_given_for_the_client_and_its_secret(erp_system: Running) -> None:
    answer = token_for(erp_system)
    assert answer.status == 200
    assert answer.body["token_type"] == "Bearer"
    assert answer.body["expires_in"] == 3600


def test_no_token_is_given_for_a_wrong_secret(erp_system: Running) -> None:
    caller = Caller(erp_system)
    for header in ("Basic Y29ubmVjdG9yOndyb25n", "Basic !!", "Bearer x", ""):
        answer = caller.call(
            "POST",
            "/oauth/token",
            b"grant_type=client_credentials",
            headers={"Authorization": header} if header else {},
        )
        assert (answer.status, answer.body) == (401, {"error": "invalid_client"})


def test_another_grant_is_refused(erp_system: Running) -> None:
    answer = Caller(erp_system).call("POST", "/oauth/token", b"grant_type=password")
    assert (answer.status, answer.body) == (400, {"error": "unsupported_grant_type"})


@pytest.mark.parametrize("path", ["company", "vendors", "bills", "bills/B-1", "payments"])
def test_without_a_token_nothing_is_read(erp_system: Running, path: str) -> None:
    caller = Caller(erp_system)
    assert caller.get(f"/api/v1/{path}").status == 401
    wrong = caller.call("GET", f"/api/v1/{path}", headers={"Authorization": "Bearer nobody"})
    assert wrong.status == 401
    assert "data" not in wrong.body


def test_a_token_expires() -> None:
    with running_erp(bills=0, sign_in_s=0.15) as system:
        caller = sign_in(system)
        assert caller.get("/api/v1/company").status == 200
        threading.Event().wait(0.2)
        assert caller.get("/api/v1/company").status == 401


@pytest.mark.parametrize("kind", ["vendors", "purchase_orders", "bills", "payments"])
def test_paging_gives_every_record_once_in_the_order_of_change(erp: Caller, kind: str) -> None:
    records = read_all(erp, kind, limit=7)
    assert len(records) == erp.system.stats()[kind] > 0
    assert len({record["id"] for record in records}) == len(records)
    stamps = [record["modified_at"] for record in records]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("kind", ["vendors", "purchase_orders", "bills", "payments"])
def test_one_record_is_the_same_as_in_the_list(erp: Caller, kind: str) -> None:
    record = read_all(erp, kind)[-1]
    assert erp.get(f"/api/v1/{kind}/{record['id']}").body == record
    assert erp.get(f"/api/v1/{kind}/nobody").status == 404


def test_modified_since_leaves_out_what_is_older_and_keeps_what_is_as_old(erp: Caller) -> None:
    bills = read_all(erp, "bills")
    middle = bills[30]["modified_at"]
    later = read_all(erp, "bills", modified_since=middle)
    assert [bill["id"] for bill in later] == [bill["id"] for bill in bills[30:]]
    assert read_all(erp, "bills", modified_since="2099-01-01T00:00:00Z") == []


def test_modified_since_understands_every_zone(erp: Caller) -> None:
    assert len(read_all(erp, "bills", modified_since="1970-01-01T05:00:00+05:00")) == 60
    answer = erp.get("/api/v1/bills", modified_since="yesterday")
    assert (answer.status, answer.body["error"]["field"]) == (422, "modified_since")


def test_a_record_changed_while_it_is_read_is_not_lost(erp: Caller) -> None:
    first = erp.get("/api/v1/bills", limit=20).body
    changed = first["data"][0]["id"]
    erp.system.touch("bills", ids=[changed])
    rest = read_all(erp, "bills", cursor=first["next_cursor"])
    assert len({bill["id"] for bill in first["data"] + rest}) == 60
    assert rest[-1]["id"] == changed


def test_a_cursor_of_somebody_else_is_refused(erp: Caller) -> None:
    for cursor in ("nonsense", "e30=", "ümlaut"):
        assert erp.get("/api/v1/bills", cursor=cursor).status == 422


def test_a_bill_is_made_with_its_sums(erp: Caller) -> None:
    made = erp.post("/api/v1/bills", erp_bill(erp))
    assert made.status == 201
    assert (made.body["net_total"], made.body["tax_total"]) == (Decimal("100.00"), Decimal("19.00"))
    assert made.body["status"] == "draft"
    assert made.body["lines"][0]["gl_account"] == "0400"
    assert erp.get(f"/api/v1/bills/{made.body['id']}").body == made.body


def test_amounts_are_json_numbers_with_their_digits(erp: Caller) -> None:
    made = erp.post("/api/v1/bills", erp_bill(erp))
    assert b'"total":119.00,' in made.text
    as_text = erp_bill(erp, total="119.00")
    assert erp.post("/api/v1/bills", as_text).body["error"]["code"] == "invalid_amount"


def test_a_bill_is_found_by_its_reference(erp: Caller) -> None:
    made = erp.post("/api/v1/bills", erp_bill(erp, "A-1")).body
    assert erp.get("/api/v1/bills", reference="x-A-1").body["data"] == [made]
    assert erp.get("/api/v1/bills", reference="x-A-2").body["data"] == []
    assert erp.get("/api/v1/bills", number="A-1", vendor_id=made["vendor_id"]).body["data"] == [
        made
    ]


def test_the_same_request_id_makes_one_bill_and_names_it(erp: Caller) -> None:
    bill = erp_bill(erp, request_id="r-1")
    made = erp.post("/api/v1/bills", bill)
    again = erp.post("/api/v1/bills", bill)
    assert (again.status, again.body["error"]["code"]) == (409, "duplicate_request")
    assert again.body["error"]["id"] == made.body["id"]
    other = erp.post("/api/v1/bills", {**bill, "memo": "other"})
    assert (other.status, other.body["error"]["code"]) == (409, "key_reused")
    assert erp.system.stats()["bills"] == 61


def test_the_same_request_id_for_another_kind_is_another_request(erp: Caller) -> None:
    vendor = {"name": "A", "country": "DE", "currency": "EUR", "request_id": "r-1"}
    assert erp.post("/api/v1/bills", erp_bill(erp, request_id="r-1")).status == 201
    assert erp.post("/api/v1/vendors", vendor).status == 201


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"vendor_id": "V-1"}, "unknown_vendor"),
        ({"currency": "EUX"}, "unknown_currency"),
        ({"currency": None}, "missing_field"),
        ({"total": Decimal("119.01")}, "does_not_add_up"),
        ({"total": Decimal("119.001")}, "invalid_amount"),
        ({"type": "credit_note"}, "invalid_total"),
        ({"purchase_order_id": "PO-1"}, "unknown_purchase_order"),
        ({"issued_at": "2026-11-01"}, "invalid_datetime"),
        ({"lines": []}, "missing_field"),
        ({"lines": [{"amount": 119, "gl_account": "400"}]}, "unknown_account"),
        ({"colour": "red"}, "unknown_field"),
    ],
)
def test_a_wrong_bill_is_refused_and_not_stored(
    erp: Caller, change: dict[str, Any], code: str
) -> None:
    answer = erp.post("/api/v1/bills", erp_bill(erp, **change))
    assert (answer.status, answer.body["error"]["code"]) == (422, code)
    assert erp.system.stats()["bills"] == 60


def test_a_refused_request_does_not_use_up_its_id(erp: Caller) -> None:
    wrong = erp_bill(erp, request_id="r-2", vendor_id="V-1")
    assert erp.post("/api/v1/bills", wrong).status == 422
    assert erp.post("/api/v1/bills", erp_bill(erp, request_id="r-2")).status == 201


def test_a_bill_is_changed_and_moves_to_the_end(erp: Caller) -> None:
    made = erp.post("/api/v1/bills", erp_bill(erp)).body
    erp.post("/api/v1/bills", erp_bill(erp, "INV-2"))
    changed = erp.patch(f"/api/v1/bills/{made['id']}", {"status": "approved", "memo": "ok"})
    assert (changed.status, changed.body["version"]) == (200, 2)
    assert changed.body["modified_at"] > made["modified_at"]
    assert changed.body["total"] == made["total"]
    assert read_all(erp, "bills")[-1]["id"] == made["id"]
    assert erp.patch("/api/v1/bills/B-1", {"memo": "x"}).status == 404


def test_new_lines_give_a_new_total(erp: Caller) -> None:
    made = erp.post("/api/v1/bills", erp_bill(erp)).body
    lines = [{"amount": Decimal("7.50"), "gl_account": "4930"}]
    changed = erp.patch(f"/api/v1/bills/{made['id']}", {"lines": lines}).body
    assert changed["total"] == Decimal("7.50")


def test_a_payment_in_full_closes_its_bill(erp: Caller) -> None:
    bill = erp.post("/api/v1/bills", erp_bill(erp, status="approved")).body
    part = {
        "bill_id": bill["id"],
        "amount": Decimal("19.00"),
        "currency": "EUR",
        "paid_at": "2026-11-20T10:00:00Z",
    }
    assert erp.post("/api/v1/payments", part).status == 201
    assert erp.get(f"/api/v1/bills/{bill['id']}").body["status"] == "approved"
    assert erp.post("/api/v1/payments", {**part, "amount": 100}).status == 201
    closed = erp.get(f"/api/v1/bills/{bill['id']}").body
    assert (closed["status"], closed["paid_total"]) == ("paid", Decimal("119.00"))
    late = erp.patch(f"/api/v1/bills/{bill['id']}", {"memo": "late"})
    assert (late.status, late.body["error"]["code"]) == (409, "not_open")


def test_a_payment_in_another_currency_is_refused(erp: Caller) -> None:
    bill = erp.post("/api/v1/bills", erp_bill(erp)).body
    payment = {
        "bill_id": bill["id"],
        "amount": 1,
        "currency": "USD",
        "paid_at": "2026-11-20T10:00:00Z",
    }
    assert erp.post("/api/v1/payments", payment).body["error"]["code"] == "wrong_currency"


def test_vendors_and_purchase_orders_are_made_and_changed(erp: Caller) -> None:
    vendor = {"name": "日本精密", "country": "JP", "currency": "JPY", "reference": "N-1"}
    made = erp.post("/api/v1/vendors", vendor).body
    assert (made["name"], made["status"]) == ("日本精密", "active")
    blocked = erp.patch(f"/api/v1/vendors/{made['id']}", {"status": "blocked"}).body
    assert blocked["status"] == "blocked"
    order = {
        "vendor_id": made["id"],
        "number": "4500999",
        "currency": "JPY",
        "ordered_at": "2026-11-20T10:00:00Z",
        "lines": [{"amount": 12000, "gl_account": "3400"}],
    }
    assert erp.post("/api/v1/purchase_orders", order).body["total"] == 12000
    broken = {**order, "lines": [{"amount": Decimal("0.5"), "gl_account": "3400"}]}
    assert erp.post("/api/v1/purchase_orders", broken).body["error"]["code"] == "invalid_amount"
