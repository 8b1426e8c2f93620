"""The records of the practice AP ledger: what is asked of each. Amounts are texts like "119.00"."""

import re
from decimal import Decimal

from connector.sandbox import checks, records
from connector.sandbox.errors import Refusal
from connector.sandbox.records import Kind, Record
from connector.sandbox.site import Site
from connector.sandbox.store import Store

AMOUNT = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,4})?\Z")
HEADER = (
    "invoice_number",
    "vendor_id",
    "kind",
    "invoice_date",
    "due_date",
    "currency",
    "total",
    "order_number",
    "memo",
)
LINE = ("description", "amount", "tax", "gl_account", "department")


def whole_vendor(_store: Store, given: Record) -> Record:
    """A vendor with its defaults. Raises Refusal."""
    checks.needed(given, "name", "country", "currency")
    checks.text(given, "reference", "name", "country", "city", "tax_number", "email")
    checks.currency(given["currency"])
    if not isinstance(given.get("active", True), bool):
        raise Refusal(422, "invalid_flag", "active must be true or false", field="active")
    return {"reference": None, "active": True, **given}


def whole_bill(store: Store, given: Record) -> Record:
    """A bill whose lines add up. Raises Refusal."""
    checks.needed(given, "header", "lines")
    checks.text(given, "external_id", most=64)
    header = given["header"]
    if not isinstance(header, dict):
        raise Refusal(422, "invalid_header", "header must be an object", field="header")
    checks.known(header, HEADER)
    checks.needed(header, *(name for name in HEADER[:7] if name != "kind"))
    checks.text(header, "invoice_number", "order_number", "memo")
    kind = checks.one_of(
        header.get("kind", "invoice"), ("invoice", "credit_note"), "header.kind", "invalid_kind"
    )
    vendor = store.get("vendors", str(header["vendor_id"]))
    if vendor is None or not vendor["active"]:
        text = f"There is no active vendor {header['vendor_id']}."
        raise Refusal(422, "unknown_vendor", text, field="header.vendor_id")
    checks.iso_date(header["invoice_date"], "header.invoice_date")
    checks.iso_date(header["due_date"], "header.due_date")
    code = checks.currency(header["currency"])
    total = _amount(header["total"], code, "header.total")
    lines, of_lines = _lines(given["lines"], code)
    if of_lines != total:
        text = f"The lines give {of_lines}, the header says {total}."
        raise Refusal(422, "does_not_add_up", text, field="header.total")
    if total and (total < 0) != (kind == "credit_note"):
        raise Refusal(422, "invalid_total", "A credit note is below zero, an invoice above.")
    whole = {"kind": kind, "order_number": None, "memo": "", **header}
    return {"external_id": given.get("external_id"), "status": "open", "header": whole} | {
        "lines": lines
    }


def whole_payment(store: Store, given: Record) -> Record:
    """A payment of an open bill. Raises Refusal."""
    checks.needed(given, "bill_id", "amount", "currency", "paid_on")
    checks.text(given, "reference", "method")
    bill = store.get("bills", str(given["bill_id"]))
    if bill is None or bill["status"] != "open":
        text = f"There is no open bill {given['bill_id']}."
        raise Refusal(422, "unknown_bill", text, field="bill_id")
    if given["currency"] != bill["header"]["currency"]:
        raise Refusal(422, "wrong_currency", "The bill is in another currency.", field="currency")
    _amount(given["amount"], given["currency"], "amount")
    checks.iso_date(given["paid_on"], "paid_on")
    vendor_id = bill["header"]["vendor_id"]
    return {"reference": None, "method": "sepa", **given, "vendor_id": vendor_id}


def mark_paid(site: Site, payment: Record) -> None:
    """A bill that was paid in full is closed."""
    bill = site.store.get("bills", payment["bill_id"])
    assert bill is not None
    paid = Decimal(bill.get("paid", "0")) + Decimal(payment["amount"])
    closed = abs(paid) >= abs(Decimal(bill["header"]["total"]))
    state = "paid" if closed else "open"
    records.renew(site, BILLS, bill | {"paid": str(paid), "status": state})


def _amount(value: object, code: str, field: str) -> Decimal:
    if not isinstance(value, str) or not AMOUNT.match(value):
        text = f'{field} must be a text like "119.00"'
        raise Refusal(422, "invalid_amount", text, field=field)
    return checks.amount(Decimal(value), code, field)


def _lines(given: object, code: str) -> tuple[list[Record], Decimal]:
    """The lines with their numbers, and what they come to with tax."""
    if not isinstance(given, list) or not all(isinstance(line, dict) for line in given):
        raise Refusal(422, "invalid_lines", "lines must be a list of objects", field="lines")
    whole, total = [], Decimal(0)
    for number, line in enumerate(given, start=1):
        line = {name: value for name, value in line.items() if name != "line"}
        checks.known(line, LINE)
        checks.needed(line, "amount", "gl_account")
        checks.text(line, "description")
        total += _amount(line["amount"], code, "lines.amount")
        total += _amount(line.get("tax", "0"), code, "lines.tax")
        checks.one_of(line["gl_account"], checks.ACCOUNTS, "lines.gl_account", "unknown_account")
        department = line.get("department")
        if department is not None:
            checks.one_of(department, checks.DEPARTMENTS, "lines.department", "unknown_department")
        whole.append({"line": number, "department": None, "tax": "0", **line})
    return whole, total


VENDORS = Kind(
    name="vendors",
    noun="vendor",
    prefix="",
    stamp="updated_at",
    fields=(
        "reference",
        "name",
        "country",
        "city",
        "currency",
        "tax_number",
        "email",
        "terms_days",
        "active",
    ),
    complete=whole_vendor,
    columns=lambda record: {"reference": record["reference"]},
)
BILLS = Kind(
    name="bills",
    noun="bill",
    prefix="",
    stamp="updated_at",
    fields=("external_id", "header", "lines"),
    complete=whole_bill,
    columns=lambda record: {
        "reference": record["external_id"],
        "number": record["header"]["invoice_number"],
        "vendor": record["header"]["vendor_id"],
        "currency": record["header"]["currency"],
        "total": record["header"]["total"],
    },
    final=("paid",),
)
PAYMENTS = Kind(
    name="payments",
    noun="payment",
    prefix="",
    stamp="updated_at",
    fields=("reference", "bill_id", "amount", "currency", "paid_on", "method"),
    complete=whole_payment,
    columns=lambda record: {
        "reference": record["reference"],
        "vendor": record["vendor_id"],
        "currency": record["currency"],
        "total": record["amount"],
    },
    then=mark_paid,
)
KINDS = (VENDORS, BILLS, PAYMENTS)
