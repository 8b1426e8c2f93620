"""The data adds up, in every currency, and is the same for the same seed."""

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox import data, jsontext
from connector.sandbox.checks import ACCOUNTS, DEPARTMENTS, DIGITS
from connector.sandbox.store import Store


def filled(path: Path, *, vendors: int = 40, bills: int = 240, seed: int = 1) -> Store:
    path.mkdir(exist_ok=True)
    store = Store(path / "erp.sqlite")
    data.fill_erp(store, vendors=vendors, bills=bills, seed=seed)
    return store


def records(store: Store, kind: str) -> list[dict[str, Any]]:
    return [jsontext.decode(body) for body in store.by_age(kind, {}, "", 0, 100_000)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return filled(tmp_path_factory.mktemp("erp"))


def test_there_are_as_many_as_asked_for(store: Store) -> None:
    assert store.count("vendors") == 40
    assert store.count("bills") == 240
    assert store.count("purchase_orders") == 60


def test_every_bill_adds_up_exactly(store: Store) -> None:
    for bill in records(store, "bills"):
        lines = bill["lines"]
        assert 1 <= len(lines) <= 6
        assert all(line["amount"] == line["quantity"] * line["unit_price"] for line in lines)
        assert bill["net_total"] == sum(line["amount"] for line in lines)
        assert bill["tax_total"] == sum(line["tax_amount"] for line in lines)
        assert bill["total"] == bill["net_total"] + bill["tax_total"]
        assert (bill["total"] < 0) == (bill["type"] == "credit_note")


def test_amounts_have_the_digits_of_their_currency_on_the_wire(store: Store) -> None:
    for body in store.by_age("bills", {}, "", 0, 1000):
        code = jsontext.decode(body)["currency"]
        amounts = re.findall(rb'"(?:total|amount|unit_price|tax_amount)":(-?[0-9.]+)', body)
        assert {len(amount.partition(b".")[2]) for amount in amounts} == {DIGITS[code]}


def test_the_data_is_as_varied_as_life(store: Store) -> None:
    bills, vendors = records(store, "bills"), records(store, "vendors")
    assert {bill["status"] for bill in bills} == {"draft", "approved", "on_hold", "paid"}
    assert {bill["type"] for bill in bills} == {"invoice", "credit_note"}
    assert {"EUR", "USD", "GBP", "JPY", "KWD", "PLN"} <= {bill["currency"] for bill in bills}
    assert len({vendor["country"] for vendor in vendors}) > 20
    assert sum(not vendor["name"].isascii() for vendor in vendors) > 15
    assert any(bill["purchase_order_id"] for bill in bills)
    assert {len(bill["lines"]) for bill in bills} == {1, 2, 3, 4, 5, 6}


def test_codes_are_texts_with_their_leading_zeros(store: Store) -> None:
    lines = [line for bill in records(store, "bills") for line in bill["lines"]]
    assert {line["gl_account"] for line in lines} == set(ACCOUNTS)
    assert {line["department"] for line in lines} == {*DEPARTMENTS, None}
    assert "0400" in ACCOUNTS


def test_every_reference_leads_somewhere(store: Store) -> None:
    vendors = {vendor["id"]: vendor for vendor in records(store, "vendors")}
    orders = {order["id"]: order for order in records(store, "purchase_orders")}
    bills = {bill["id"]: bill for bill in records(store, "bills")}
    for bill in bills.values():
        vendor = vendors[bill["vendor_id"]]
        assert (bill["vendor_name"], bill["currency"]) == (vendor["name"], vendor["currency"])
        if bill["purchase_order_id"]:
            assert orders[bill["purchase_order_id"]]["vendor_id"] == bill["vendor_id"]
    paid = Counter(
        {bill["id"]: bill["total"] for bill in bills.values() if bill["status"] == "paid"}
    )
    booked: Counter[str] = Counter()
    for payment in records(store, "payments"):
        booked[payment["bill_id"]] += payment["amount"]
    assert paid == booked


def test_ids_are_unique_and_stamps_rise_with_the_bills(store: Store) -> None:
    stamps = [bill["modified_at"] for bill in records(store, "bills")]
    assert stamps == sorted(stamps)
    everything = [
        record["id"]
        for kind in ("vendors", "purchase_orders", "bills", "payments")
        for record in records(store, kind)
    ]
    assert len(everything) == len(set(everything))


def test_the_same_seed_gives_the_same_data_and_another_seed_other_data(tmp_path: Path) -> None:
    def bodies(name: str, seed: int) -> list[bytes]:
        made = filled(tmp_path / name, bills=30, seed=seed)
        return made.by_age("bills", {}, "", 0, 100)

    assert bodies("a", 5) == bodies("b", 5)
    assert bodies("c", 6) != bodies("d", 7)


def test_more_vendors_than_the_table_holds_get_names_of_their_own(tmp_path: Path) -> None:
    names = [one["name"] for one in records(filled(tmp_path, vendors=90, bills=0), "vendors")]
    assert len(set(names)) == 90


def test_the_vendors_of_a_fresh_ledger_carry_the_ids_of_a_fresh_erp(tmp_path: Path) -> None:
    ledger = Store(tmp_path / "ap.sqlite")
    data.fill_ap(ledger, vendors=40)
    erp = filled(tmp_path, bills=0)
    assert [(one["reference"], one["name"]) for one in records(ledger, "vendors")] == [
        (one["id"], one["name"]) for one in records(erp, "vendors")
    ]


def test_an_amount_is_read_and_written_with_its_digits() -> None:
    text = b'{"a":10.00,"b":-0.100,"c":12000,"d":123456789012345.123}'
    assert jsontext.encode(jsontext.decode(text)) == text
    assert jsontext.decode(b"[1.10]") == [Decimal("1.10")]
