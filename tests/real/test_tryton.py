"""A real ERP at one end: its supplier invoices go to the AP ledger, an ERP's bills come into it.

What is there is asked of both ends themselves, never of the box.
"""

from decimal import Decimal
from typing import Any

import pytest

from tests.real.joined import Joined
from tests.walks.live import wait_until

pytestmark = pytest.mark.real

BORN_THERE = "S-%"
"""Numbers of the suppliers that Tryton was set up with; the ERP's begin with V."""
FROM_ERP = "V-%"
SENT, CANCELLED = 19, 1
KILLED = 20


@pytest.fixture(scope="module")
def out(both: Joined) -> dict[str, Any]:
    """Suppliers and invoices have gone from Tryton to the AP ledger; the sums of the latter."""
    assert both.run("tryton-vendors-to-ap")["delivered"] == 6
    return both.run("tryton-invoices-to-ap")


@pytest.fixture(scope="module")
def back(both: Joined) -> dict[str, Any]:
    """Vendors, addresses and bills have come from the ERP into Tryton; the sums of the bills."""
    vendors = both.run("erp-vendors-to-tryton")
    assert both.run("erp-addresses-to-tryton")["delivered"] == vendors["delivered"] > 0
    return both.run("erp-bills-to-tryton")


def test_the_connection_passes_its_test(both: Joined) -> None:
    assert both.live.test_connection("tryton") == ("ok", "")


def test_invoices_of_tryton_are_in_the_ap_ledger_to_the_cent(
    both: Joined, out: dict[str, Any]
) -> None:
    stats = both.live.ask("ap", "/admin/stats")
    totals = both.totals_in_tryton(BORN_THERE)

    assert (out["delivered"], out["skipped"]) == (SENT, CANCELLED)
    assert stats["bills"] == len(both.invoices(BORN_THERE)) == SENT
    assert len(totals) == 6
    assert both.totals_in_ap() == totals
    assert not stats["repeated_references"] | stats["repeated_numbers"]


def test_lines_taxes_and_credit_notes_arrive_and_comments_do_not(
    both: Joined, out: dict[str, Any]
) -> None:
    bills = {bill["header"]["invoice_number"]: bill for bill in both.ap("bills")}

    taxed, credit = bills["S-101/000"], bills["S-101/006"]
    assert [(line["amount"], line["gl_account"]) for line in taxed["lines"]] == [
        ("19.99", "3400"),
        ("3.80", "4980"),
    ]
    assert credit["header"]["kind"] == "credit_note"
    assert Decimal(credit["header"]["total"]) < 0
    assert not [
        line
        for bill in bills.values()
        for line in bill["lines"]
        if "back door" in line["description"]
    ]
    assert "S-102/019" not in bills, "it was cancelled"


def test_names_in_any_script_arrive_as_they_are(both: Joined, out: dict[str, Any]) -> None:
    there = {vendor["reference"]: vendor["name"] for vendor in both.ap("vendors")}
    here = both.tryton.search("party.party", [["code", "like", BORN_THERE]], "code", "name")

    assert there == {party["code"]: party["name"] for party in here}
    assert there["S-103"] == "株式会社さくら製作所"


def test_reading_all_of_tryton_again_sends_nothing(both: Joined, out: dict[str, Any]) -> None:
    before = both.ap("bills")

    again = both.run("tryton-invoices-to-ap", "--full")

    assert (again["delivered"], again["unchanged"]) == (0, SENT)
    assert both.ap("bills") == before


def test_a_changed_line_in_tryton_changes_the_same_bill(both: Joined, out: dict[str, Any]) -> None:
    """Tryton leaves the time stamp of an invoice as it was when only a line changes."""
    before = {bill["id"]: bill for bill in both.ap("bills")}
    invoice = next(one for one in both.invoices(BORN_THERE) if one["reference"] == "S-102/001")
    line = invoice["lines"][0]
    both.tryton.call("model.account.invoice.line.write", [line], {"quantity": 77}, {"company": 1})

    sums = both.run("tryton-invoices-to-ap")

    after = {bill["id"]: bill for bill in both.ap("bills")}
    assert sums["delivered"] == 1
    assert after.keys() == before.keys()
    (changed,) = [id_ for id_ in after if after[id_] != before[id_]]
    assert after[changed]["header"]["invoice_number"] == "S-102/001"
    assert both.totals_in_ap() == both.totals_in_tryton(BORN_THERE)


def test_bills_of_the_erp_are_drafts_in_tryton_to_the_cent(
    both: Joined, back: dict[str, Any]
) -> None:
    bills, there = both.approved_in_erp(), both.invoices(FROM_ERP)

    assert back["delivered"] == len(there) == len(bills) > 10
    assert {one["state"] for one in there} == {"draft"}
    assert sorted(one["reference"] for one in there) == sorted(one["number"] for one in bills)
    assert any(one["total_amount"] < 0 for one in there), "no credit note among them"
    assert both.totals_in_tryton(FROM_ERP) == both.totals_in_erp()


def test_each_invoice_in_tryton_names_its_own_supplier_s_address(
    both: Joined, back: dict[str, Any]
) -> None:
    names = ("party.name", "invoice_address.party", "invoice_address.city", "party")
    found = both.tryton.search("account.invoice", [["party.code", "like", FROM_ERP]], *names)
    cities = {
        vendor["name"]: vendor["city"] for vendor in both.erp("GET", "vendors?limit=100")["data"]
    }

    assert found
    for invoice in found:
        assert invoice["invoice_address."]["party"] == invoice["party"]
        assert invoice["invoice_address."]["city"] == cities[invoice["party."]["name"]]


def test_reading_all_of_the_erp_again_sends_nothing_to_tryton(
    both: Joined, back: dict[str, Any]
) -> None:
    before = both.tryton.search("account.invoice", [], "write_date")

    for flow in ("erp-vendors-to-tryton", "erp-addresses-to-tryton", "erp-bills-to-tryton"):
        sums = both.run(flow, "--full")
        assert (sums["delivered"], sums["unchanged"] > 0) == (0, True), flow

    assert both.tryton.search("account.invoice", [], "write_date") == before


def test_a_vendor_that_moves_and_is_renamed_does_so_in_tryton(
    both: Joined, back: dict[str, Any]
) -> None:
    vendor = both.approved_in_erp()[0]["vendor_id"]
    asked = [["code", "=", vendor]]
    names = ("name", "addresses.city", "addresses.country.code")
    (before,) = both.tryton.search("party.party", asked, *names)
    both.erp("PATCH", f"vendors/{vendor}", {"name": "Ångström & Łoś Sp. z o.o.", "city": "Łódź"})

    assert both.run("erp-vendors-to-tryton")["delivered"] == 1
    assert both.run("erp-addresses-to-tryton")["delivered"] == 1

    (after,) = both.tryton.search("party.party", asked, *names)
    (old,), (new,) = before["addresses."], after["addresses."]
    assert (after["id"], after["name"]) == (before["id"], "Ångström & Łoś Sp. z o.o.")
    assert new == old | {"city": "Łódź"}


def test_a_changed_bill_replaces_the_lines_of_its_draft(both: Joined, back: dict[str, Any]) -> None:
    bill = both.approved_in_erp()[0]
    sign = -1 if bill["type"] == "credit_note" else 1
    line = {"description": "Changed", "quantity": 3 * sign, "unit_price": Decimal("33.35")}
    amounts = {"amount": sign * Decimal("100.05"), "tax_amount": sign * Decimal("19.01")}
    lines = [{**line, **amounts, "tax_code": "V19", "gl_account": "3400"}]
    before = {one["id"] for one in both.invoices(FROM_ERP)}
    total = sign * Decimal("119.06")
    both.erp("PATCH", f"bills/{bill['id']}", {"lines": lines, "total": total})

    sums = both.run("erp-bills-to-tryton")

    after = both.invoices(FROM_ERP)
    (changed,) = [one for one in after if one["total_amount"] == total]
    assert sums["delivered"] == 1
    assert {one["id"] for one in after} == before
    assert (changed["reference"], len(changed["lines"])) == (bill["number"], 2)
    assert both.totals_in_tryton(FROM_ERP) == both.totals_in_erp()


def test_an_invoice_that_a_person_has_typed_in_is_not_made_again(
    both: Joined, back: dict[str, Any]
) -> None:
    model = both.approved_in_erp()[-1]
    mine = next(one for one in both.invoices(FROM_ERP) if one["reference"] == model["number"])
    _typed_in(both, mine["id"], "BY-HAND-1")
    _billed_again(both, model, "BY-HAND-1")

    sums = both.run("erp-bills-to-tryton")

    assert sums["delivered"] == 1
    found = [one for one in both.invoices(FROM_ERP) if one["reference"] == "BY-HAND-1"]
    assert len(found) == 1
    assert both.totals_in_tryton(FROM_ERP) == both.totals_in_erp()


@pytest.mark.chaos
def test_killing_tryton_while_bills_arrive_loses_none_and_doubles_none(
    both: Joined, back: dict[str, Any]
) -> None:
    model = both.approved_in_erp()[1]
    for number in range(KILLED):
        _billed_again(both, model, f"KILLED-{number:02}")
    assert both.live.manage("run", "erp-bills-to-tryton").returncode == 0
    wait_until(lambda: len(_arrived(both, "KILLED-%")) > 3)

    both.tryton.server.kill()
    both.tryton.server.start()
    both.live.run("erp-bills-to-tryton")
    both.live.run("erp-bills-to-tryton")

    arrived = _arrived(both, "KILLED-%")
    assert sorted(arrived) == [f"KILLED-{number:02}" for number in range(KILLED)]
    assert both.totals_in_tryton(FROM_ERP) == both.totals_in_erp()


def test_where_invoices_are_posted_at_once_a_later_change_waits_for_a_person(
    both: Joined, back: dict[str, Any]
) -> None:
    before = {one["id"]: one for one in both.invoices(FROM_ERP)}
    assert "connections/tryton" in both.apply(post_invoices=True)
    model = next(one for one in both.approved_in_erp() if one["total"] > 0)
    bill = _billed_again(both, model, "AT-ONCE-1")

    assert both.run("erp-bills-to-tryton")["delivered"] == 1

    there = {one["id"]: one for one in both.invoices(FROM_ERP)}
    (new,) = there.keys() - before.keys()
    assert (there[new]["reference"], there[new]["state"]) == ("AT-ONCE-1", "posted")
    assert {id_: there[id_] for id_ in before} == before, "drafts of before stay drafts"

    both.erp("PATCH", f"bills/{bill['id']}", {"number": "CHANGED-TOO-LATE"})
    sums = both.live.run("erp-bills-to-tryton")

    assert (sums["delivered"], sums["held"], sums["rejected"]) == (0, 1, 0)
    assert {one["id"]: one for one in both.invoices(FROM_ERP)} == there


def _arrived(both: Joined, like: str) -> list[str]:
    found = both.tryton.search("account.invoice", [["reference", "like", like]], "reference")
    return [one["reference"] for one in found]


def _billed_again(both: Joined, model: dict[str, Any], number: str) -> dict[str, Any]:
    """Another bill in the ERP, like one that is there."""
    kept = ("vendor_id", "currency", "issued_at", "due_at", "type", "status", "total")
    of_line = ("description", "quantity", "unit_price", "amount", "tax_amount", "gl_account")
    lines = [{name: line[name] for name in (*of_line, "tax_code")} for line in model["lines"]]
    body = {name: model[name] for name in kept} | {"number": number, "lines": lines}
    return dict(both.erp("POST", "bills", body))


def _typed_in(both: Joined, id_: int, reference: str) -> None:
    """A copy of an invoice under another reference, as a person makes it."""
    invoices = "model.account.invoice"
    company = {"company": 1}
    (dated,) = both.tryton.call(f"{invoices}.read", [id_], ["invoice_date"], company)
    (copy,) = both.tryton.call(f"{invoices}.copy", [id_], {}, company)
    day = {"reference": reference, "invoice_date": dated["invoice_date"]}
    both.tryton.call(f"{invoices}.write", [copy], day, company)
