"""Believable practice data, and the one page that says what the records look like.

All amounts are exact and add up. Codes of accounts and departments are texts with
leading zeros ("0400"); both systems know the same ones (`checks.ACCOUNTS`,
`checks.DEPARTMENTS`). Currencies: `checks.DIGITS`.

ERP, `/api/v1/…`; amounts are JSON numbers, times have a zone, answers to lists are
`{"data": […], "next_cursor": text or null}`; queries `limit` (1–500), `cursor`,
`modified_since`, `reference`, and for documents `number`, `vendor_id`.

    vendors          id "V-10001" · reference? · name · country · city · currency · tax_id · email
                     · payment_days · status active|blocked
    purchase_orders  id "PO-…" · reference? · vendor_id · vendor_name · number · currency
                     · status draft|open|received|closed · ordered_at · department? · memo
                     · total · lines
    bills            id "B-…" · reference? · vendor_id · vendor_name · number
                     · type invoice|credit_note · status draft|approved|on_hold|paid · currency
                     · issued_at · due_at · purchase_order_id? · memo · net_total · tax_total
                     · total · paid_total? · lines
    payments         id "P-…" · reference? · bill_id · vendor_id · amount · currency · paid_at
                     · method
    lines            line · description · quantity · unit_price · amount · tax_code · tax_amount
                     · gl_account · department?

    Each record also has version, created_at, modified_at. total = Σ amount + Σ tax_amount, below
    zero for a credit note. In the data made here amount = quantity × unit_price.
    A new payment is booked on its bill; a bill paid in full is `paid` and can't be changed.
    Written: all but id, vendor_name, sums, line. `request_id` makes a write repeatable.

AP ledger, `/v2/…`; amounts are texts, days are like 2026-11-20, answers to lists are
`{"items": […], "total": number}`; queries `limit`, `offset`, `updated_since`,
`reference` (vendors, payments), `external_id`, `invoice_number`, `vendor_id` (bills).

    vendors      id "10001" · reference? · name · country · city · currency · tax_number · email
                 · terms_days · active
    bills        id · external_id? · status open|paid · header {invoice_number, vendor_id, kind
                 invoice|credit_note, invoice_date, due_date, currency, total, order_number?, memo}
                 · lines [{line, description, amount, tax, gl_account, department?}] · paid?
    payments     id · reference? · bill_id · vendor_id · amount · currency · paid_on · method
    accounts, departments   code · name

    Each record also has version, created_at, updated_at. header.total = Σ amount + Σ tax.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from connector.sandbox import ap_records, erp_records, records
from connector.sandbox.checks import ACCOUNTS, DEPARTMENTS, DIGITS
from connector.sandbox.dice import Dice
from connector.sandbox.records import Kind, Record
from connector.sandbox.store import Row, Store

DAYS = 120
"""Over how many days before today the documents are spread."""

GOODS = {
    "0400": ("Hydraulic press, spare cylinder", "Conveyor belt 4 m", "Bench drill"),
    "0420": ("Desk, height-adjustable", "Office chair", "Shelf 80×200"),
    "0650": ("Licence, 12 months", "Seat add-on", "Support plan"),
    "3400": ("Steel bolts M8, box", "Packaging film", "Sheet metal 2 mm"),
    "4210": ("Rent of hall 3", "Parking lot"),
    "4240": ("Power, advance payment", "Water and sewage"),
    "4500": ("Tyres", "Inspection of the van", "Diesel"),
    "4600": ("Trade fair stand", "Leaflets A5", "Advertisement"),
    "4660": ("Flight FRA–NRT", "Hotel, 2 nights", "Rail ticket"),
    "4910": ("Parcels", "Registered letters"),
    "4920": ("Fibre line", "Mobile contracts"),
    "4930": ("Paper A4, box", "Toner", "Pens, blue"),
    "4950": ("Advice on contracts", "Audit of the year"),
    "4980": ("Cleaning", "Coffee beans 1 kg", "Other"),
}
TAX = {"DE": 19, "FR": 20, "IT": 22, "ES": 21, "NL": 21, "PL": 23, "CZ": 21, "GB": 20, "CH": 8}
NUMBERS = ("INV-{year}-{n:05}", "{n:07}", "R/{year}/{month:02}/{n}", "RE {n}", "{year}{n:06}")
WIDE = {"JPY": 100, "KRW": 1000, "INR": 40, "CZK": 20}
"""What a price of one euro is about, where that is far from one."""


def fill_erp(store: Store, *, vendors: int, bills: int, seed: int) -> None:
    """Put vendors, orders, bills and payments into an empty ERP."""
    with store.change():
        store.put(_Erp(store, seed).rows(vendors, bills))


def fill_ap(store: Store, *, vendors: int) -> None:
    """Put vendors into an empty ledger; each carries the id that it has in a fresh ERP."""
    past = store.now()
    with store.change():
        for number, one in enumerate(_vendors(vendors), start=1):
            record = {
                "id": str(10_000 + store.next_seq()),
                "reference": f"V-{10_000 + number}",
                "name": one["name"],
                "country": one["country"],
                "city": one["city"],
                "currency": one["currency"],
                "tax_number": one["tax_id"],
                "email": one["email"],
                "terms_days": one["payment_days"],
                "active": True,
                "version": 1,
                "created_at": past,
                "updated_at": past,
            }
            store.put([records.row(ap_records.VENDORS, record)])


def _vendors(count: int) -> Iterator[Record]:
    """Vendors of the table; past its end the names are numbered."""
    with (Path(__file__).parent / "vendors.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    for number in range(count):
        again, place = divmod(number, len(table))
        one: Record = dict(table[place])
        if again:
            one["name"] = f"{one['name']} {again + 1}"
        one["payment_days"] = int(one["payment_days"])
        one["email"] = f"billing{number + 1}@vendor.example"
        yield one


class _Erp:
    """One run of the dice over vendors, orders, bills and payments."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._dice = Dice(seed, "data")
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._start = midnight - timedelta(days=DAYS)

    def rows(self, vendors: int, bills: int) -> Iterator[Row]:
        known = []
        for number, one in enumerate(_vendors(vendors)):
            vendor = {"id": self._id("V-"), "reference": None, **one, "status": "active"}
            known.append(vendor)
            yield self._row(erp_records.VENDORS, vendor, self._start + timedelta(minutes=number))
        if not known:
            return
        orders: dict[str, list[str]] = {}
        for number in range(bills // 4):
            order, at = self._order(self._dice.pick(known), number)
            orders.setdefault(order["vendor_id"], []).append(order["id"])
            yield self._row(erp_records.ORDERS, order, at)
        for number in range(bills):
            vendor = self._dice.pick(known)
            bill, at = self._bill(vendor, number, bills, orders.get(vendor["id"], []))
            yield self._row(erp_records.BILLS, bill, at)
            if bill["status"] == "paid":
                yield self._row(erp_records.PAYMENTS, self._payment(bill, at), at)

    def _id(self, prefix: str) -> str:
        return f"{prefix}{10_000 + self._store.next_seq()}"

    def _row(self, kind: Kind, record: Record, at: datetime) -> Row:
        stamp = at.isoformat(timespec="milliseconds")
        dated = {**record, "version": 1, "created_at": stamp, "modified_at": stamp}
        return records.row(kind, dated)

    def _order(self, vendor: Record, number: int) -> tuple[Record, datetime]:
        at = self._start + timedelta(days=self._dice.below(30), milliseconds=number)
        lines = self._lines(vendor, sign=1, taxed=False)
        return {
            "id": self._id("PO-"),
            "reference": None,
            "vendor_id": vendor["id"],
            "vendor_name": vendor["name"],
            "number": f"4500{number + 1:06}",
            "status": self._dice.pick(("open", "open", "received", "closed", "draft")),
            "currency": vendor["currency"],
            "ordered_at": self._local(at),
            "department": self._dice.pick(list(DEPARTMENTS)),
            "memo": "",
            "total": sum((line["amount"] for line in lines), Decimal(0)),
            "lines": lines,
        }, at

    def _bill(
        self, vendor: Record, number: int, of: int, orders: list[str]
    ) -> tuple[Record, datetime]:
        dice = self._dice
        at = self._start + timedelta(seconds=int((DAYS - 1) * 86_400 * (number + 1) / (of + 1)))
        at += timedelta(milliseconds=dice.below(1000))
        issued = at - timedelta(days=dice.between(1, 6), hours=dice.below(24))
        credit = dice.falls(0.08)
        lines = self._lines(vendor, sign=-1 if credit else 1, taxed=True)
        net = sum((line["amount"] for line in lines), Decimal(0))
        tax = sum((line["tax_amount"] for line in lines), Decimal(0))
        states = ("approved",) * 14 + ("draft", "draft", "on_hold", "paid", "paid", "paid")
        state = dice.pick(states)
        form = NUMBERS[int(vendor["id"].removeprefix("V-")) % len(NUMBERS)]
        bill = {
            "id": self._id("B-"),
            "reference": None,
            "vendor_id": vendor["id"],
            "vendor_name": vendor["name"],
            "number": form.format(year=issued.year, month=issued.month, n=1000 + 7 * number),
            "type": "credit_note" if credit else "invoice",
            "status": state,
            "currency": vendor["currency"],
            "issued_at": self._local(issued),
            "due_at": self._local(issued + timedelta(days=vendor["payment_days"])),
            "purchase_order_id": dice.pick(orders) if orders and dice.falls(0.4) else None,
            "memo": dice.pick(("", "", "", "Please check the delivery note", "2nd part")),
            "net_total": net,
            "tax_total": tax,
            "total": net + tax,
            "lines": lines,
        }
        return bill | ({"paid_total": net + tax} if state == "paid" else {}), at

    def _payment(self, bill: Record, at: datetime) -> Record:
        return {
            "id": self._id("P-"),
            "reference": None,
            "bill_id": bill["id"],
            "vendor_id": bill["vendor_id"],
            "amount": bill["total"],
            "currency": bill["currency"],
            "paid_at": self._local(at),
            "method": self._dice.pick(("sepa", "wire", "card")),
        }

    def _lines(self, vendor: Record, *, sign: int, taxed: bool) -> list[dict[str, Any]]:
        places = DIGITS[vendor["currency"]]
        rate = TAX.get(vendor["country"], 0) if taxed else 0
        lines = []
        for number in range(1, self._dice.between(1, 6) + 1):
            account = self._dice.pick(list(ACCOUNTS))
            quantity = sign * self._dice.between(1, 20)
            units = self._dice.between(150, 90_000) * WIDE.get(vendor["currency"], 1)
            price = _exact(Decimal(units) / 100, places)
            line = {
                "line": number,
                "description": self._dice.pick(GOODS[account]),
                "quantity": quantity,
                "unit_price": price,
                "amount": quantity * price,
                "gl_account": account,
                "department": self._dice.pick((*DEPARTMENTS, None)),
            }
            if taxed:
                line["tax_code"] = f"V{rate}"
                line["tax_amount"] = _exact(quantity * price * rate / 100, places)
            lines.append(line)
        return lines

    @staticmethod
    def _local(at: datetime) -> str:
        """As the ERP writes it: in its own zone, which is an hour ahead of UTC here."""
        return at.astimezone(timezone(timedelta(hours=1))).isoformat(timespec="seconds")


def _exact(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
