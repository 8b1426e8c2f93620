"""The practice AP ledger over loopback."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connector.sandbox.server import Running, running_ap
from tests.connector.sandbox.conftest import Answer, Caller, ap_bill, sign_in


def test_a_wrong_password_opens_no_session(ap_system: Running) -> None:
    caller = Caller(ap_system)
    right = dict(ap_system.credential)
    for wrong in ({**right, "password": "x"}, {**right, "user": "x"}, {}):
        answer = caller.post("/login", wrong)
        assert (answer.status, answer.body["error"]["code"]) == (401, "wrong_password")


@pytest.mark.parametrize("path", ["company", "vendors", "bills", "bills/1", "payments", "accounts"])
def test_without_a_session_nothing_is_read(ap_system: Running, path: str) -> None:
    assert Caller(ap_system).get(f"/v2/{path}").status == 401


def test_a_session_ends_when_it_is_idle_and_not_while_it_is_used() -> None:
    with running_ap(sign_in_s=0.4) as system:
        caller = sign_in(system)
        for _ in range(4):
            time.sleep(0.15)
            assert caller.get("/v2/company").status == 200
        time.sleep(0.5)
        assert caller.get("/v2/company").status == 401


def test_a_session_ends_by_logout(ap: Caller) -> None:
    assert ap.call("POST", "/logout").status == 204
    assert ap.get("/v2/company").status == 401


def test_a_bill_is_made_read_and_found(ap: Caller) -> None:
    made = ap.post("/v2/bills", ap_bill(ap, "A-1"))
    assert made.status == 201
    assert (made.body["status"], made.body["header"]["kind"]) == ("open", "invoice")
    assert ap.get(f"/v2/bills/{made.body['id']}").body == made.body
    assert ap.get("/v2/bills", external_id="x-A-1").body == {"items": [made.body], "total": 1}
    assert ap.get("/v2/bills", invoice_number="A-1").body["total"] == 1
    assert ap.get("/v2/bills", external_id="x-A-2").body == {"items": [], "total": 0}
    assert ap.get("/v2/bills/1").status == 404


def test_amounts_are_texts_and_numbers_are_refused(ap: Caller) -> None:
    made = ap.post("/v2/bills", ap_bill(ap))
    assert b'"total":"119.00"' in made.text
    for wrong in (119, "119,00", "1e2", " 119.00", "+119.00", "119.", "0119.00"):
        answer = ap.post("/v2/bills", ap_bill(ap, total=wrong))
        assert answer.body["error"]["code"] == "invalid_amount"


def test_the_same_key_gives_the_same_answer_and_one_bill(ap: Caller) -> None:
    bill = ap_bill(ap)
    first, again = ap.post("/v2/bills", bill, key="k-1"), ap.post("/v2/bills", bill, key="k-1")
    assert (first.status, first.text) == (again.status, again.text)
    other = ap.post("/v2/bills", {**bill, "external_id": "y"}, key="k-1")
    assert (other.status, other.body["error"]["code"]) == (409, "key_reused")
    assert ap.system.stats()["bills"] == 1


def at_once(system: Running, bill: dict[str, Any], key: str, calls: int) -> list[Answer]:
    barrier = threading.Barrier(calls)

    def one(caller: Caller) -> Answer:
        barrier.wait()
        return caller.post("/v2/bills", bill, key=key)

    callers = [sign_in(system) for _ in range(calls)]
    with ThreadPoolExecutor(calls) as pool:
        return list(pool.map(one, callers))


def test_calls_with_one_key_at_the_same_time_give_one_bill(ap: Caller) -> None:
    answers = at_once(ap.system, ap_bill(ap), "k-2", 24)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert ap.system.stats()["bills"] == 1


def test_a_ledger_that_ignores_keys_makes_a_bill_for_each_call_and_counts_them() -> None:
    with running_ap(vendors=1, idempotent=False) as system:
        caller = sign_in(system)
        at_once(system, ap_bill(caller), "k-3", 8)
        stats = system.stats()
        assert stats["bills"] == 8
        assert stats["repeated_references"] == {"x-INV-1": 8}
        assert stats["repeated_numbers"] == {"INV-1": 8}


def test_a_key_is_forgotten_after_its_window() -> None:
    with running_ap(vendors=1, window_s=0.1) as system:
        caller = sign_in(system)
        bill = ap_bill(caller)
        caller.post("/v2/bills", bill, key="k")
        time.sleep(0.15)
        caller.post("/v2/bills", bill, key="k")
        assert system.stats()["bills"] == 2


def test_a_key_is_known_after_a_restart(tmp_path: Any) -> None:
    with running_ap(tmp_path, vendors=1) as system:
        caller = sign_in(system)
        bill = ap_bill(caller)
        first = caller.post("/v2/bills", bill, key="k")
    with running_ap(tmp_path, vendors=1) as system:
        again = sign_in(system).post("/v2/bills", bill, key="k")
        assert again.text == first.text
        assert (system.stats()["bills"], system.stats()["vendors"]) == (1, 1)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"vendor_id": "1"}, "unknown_vendor"),
        ({"currency": "XXX"}, "unknown_currency"),
        ({"total": "119.01"}, "does_not_add_up"),
        ({"total": "-119.00"}, "does_not_add_up"),
        ({"kind": "credit_note"}, "invalid_total"),
        ({"currency": "JPY"}, "invalid_amount"),
        ({"invoice_date": "2026-11-01T00:00:00Z"}, "invalid_date"),
        ({"due_date": "2026-02-30"}, "invalid_date"),
        ({"invoice_number": ""}, "missing_field"),
        ({"colour": "red"}, "unknown_field"),
    ],
)
def test_a_wrong_header_is_refused_and_not_stored(
    ap: Caller, header: dict[str, Any], code: str
) -> None:
    bill = ap_bill(ap, **header)
    if code == "invalid_amount":
        bill["header"]["total"] = "119.50"
    answer = ap.post("/v2/bills", bill)
    assert (answer.status, answer.body["error"]["code"]) == (422, code)
    assert ap.system.stats()["bills"] == 0


def test_a_wrong_account_or_department_is_refused(ap: Caller) -> None:
    for change, code in (
        ({"gl_account": "400"}, "unknown_account"),
        ({"gl_account": 400}, "unknown_account"),
        ({"department": "120"}, "unknown_department"),
    ):
        bill = ap_bill(ap)
        bill["lines"][0] |= change
        assert ap.post("/v2/bills", bill).body["error"]["code"] == code


def test_a_bill_of_an_inactive_vendor_is_refused(ap: Caller) -> None:
    bill = ap_bill(ap)
    vendor = bill["header"]["vendor_id"]
    assert ap.patch(f"/v2/vendors/{vendor}", {"active": False}).body["active"] is False
    assert ap.post("/v2/bills", bill).body["error"]["code"] == "unknown_vendor"


def test_a_bill_is_changed_in_part(ap: Caller) -> None:
    made = ap.post("/v2/bills", ap_bill(ap)).body
    changed = ap.patch(f"/v2/bills/{made['id']}", {"header": {"memo": "new"}}).body
    assert changed["header"] == {**made["header"], "memo": "new"}
    assert (changed["lines"], changed["version"]) == (made["lines"], 2)
    wrong = ap.patch(f"/v2/bills/{made['id']}", {"header": {"total": "1.00"}})
    assert wrong.body["error"]["code"] == "does_not_add_up"
    assert ap.get(f"/v2/bills/{made['id']}").body == changed


def test_a_payment_closes_its_bill_for_good(ap: Caller) -> None:
    bill = ap.post("/v2/bills", ap_bill(ap)).body
    payment = {"bill_id": bill["id"], "amount": "119.00", "currency": "EUR"}
    payment["paid_on"] = "2026-11-20"
    made = ap.post("/v2/payments", payment, key="p-1")
    assert made.status == 201
    assert ap.post("/v2/payments", payment, key="p-1").text == made.text
    assert ap.get(f"/v2/bills/{bill['id']}").body["status"] == "paid"
    assert ap.patch(f"/v2/bills/{bill['id']}", {"header": {"memo": "x"}}).status == 409
    assert ap.post("/v2/payments", payment).body["error"]["code"] == "unknown_bill"


def test_offset_paging_gives_every_record_once(ap: Caller) -> None:
    for number in range(7):
        ap.post("/v2/bills", ap_bill(ap, f"N-{number}"))
    pages = [ap.get("/v2/bills", limit=3, offset=offset).body for offset in (0, 3, 6, 9)]
    assert [len(page["items"]) for page in pages] == [3, 3, 1, 0]
    assert {page["total"] for page in pages} == {7}
    numbers = [bill["header"]["invoice_number"] for page in pages for bill in page["items"]]
    assert numbers == [f"N-{number}" for number in range(7)]


def test_updated_since_leaves_out_what_is_older(ap: Caller) -> None:
    ap.post("/v2/bills", ap_bill(ap, "old"))
    new = ap.post("/v2/bills", ap_bill(ap, "new")).body
    assert ap.get("/v2/bills", updated_since=new["updated_at"]).body["items"] == [new]


def test_codes_keep_their_leading_zeros(ap: Caller) -> None:
    accounts = ap.get("/v2/accounts").body
    assert accounts["items"][0] == {"code": "0400", "name": "Machines and equipment"}
    assert accounts["total"] == len(accounts["items"])
    assert {"code": "0010", "name": "Board"} in ap.get("/v2/departments", limit=3).body["items"]


def test_the_totals_of_the_administration_are_exact_and_by_reference(ap: Caller) -> None:
    for number in range(10):
        ap.post("/v2/bills", ap_bill(ap, f"N-{number}"))
    assert ap.system.stats()["totals"] == {"V-10001": {"EUR": "1190.00"}}


def test_the_administration_needs_its_own_token(ap: Caller) -> None:
    for path in ("/admin/stats", "/admin/faults"):
        assert ap.get(path).status == 401
        wrong = ap.call("GET", path, headers={"Authorization": "Bearer x"})
        assert wrong.status == 401
    assert ap.call("POST", "/admin/faults", {"drop_after_commit": 1}).status == 401
    assert ap.system.ask("GET", "/admin/faults")["asked"]["drop_after_commit"] == 0
