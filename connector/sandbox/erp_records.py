"""The records of the practice ERP: what is asked of each, and its sums."""

from decimal import Decimal

from connector.sandbox import checks, records
from connector.sandbox.errors import Refusal
from connector.sandbox.records import Columns, Kind, Record
from connector.sandbox.site import Site
from connector.sandbox.store import Store

BILL_STATES = ("draft", "approved", "on_hold", "paid")
ORDER_STATES = ("draft", "open", "received", "closed")
LINE = (
    "description",
    "quantity",
    "unit_price",
    "amount",
    "tax_code",
    "tax_amount",
    "gl_account",
    "department",
)


def whole_vendor(store: Store, given: Record) -> Record:
    """A vendor with its defaults. Raises Refusal."""
    checks.needed(given, "name", "country", "currency")
    checks.text(given, "name", "reference", "email", "tax_id")
    checks.currency(given["currency"])
    checks.one_of(given.get("status", "active"), ("active", "blocked"), "status", "invalid_status")
    return {"reference": None, "status": "active", "payment_days": 30, **given}


def whole_bill(store: Store, given: Record) -> Record:
    """A bill with its sums. Raises Refusal if a line, the vendor or the total is not right."""
    checks.needed(given, "vendor_id", "number", "currency", "issued_at", "due_at", "lines")
    checks.text(given, "number", "reference", "memo")
    whole = {"reference": None, "type": "invoice", "status": "draft", "memo": "", **given}
    vendor = _vendor(store, given["vendor_id"])
    checks.one_of(whole["type"], ("invoice", "credit_note"), "type", "invalid_type")
    checks.one_of(whole["status"], BILL_STATES, "status", "invalid_status")
    checks.iso_moment(given["issued_at"], "issued_at")
    checks.iso_moment(given["due_at"], "due_at")
    code = checks.currency(given["currency"])
    lines = _lines(given["lines"], code)
    net = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    tax = sum((Decimal(line["tax_amount"]) for line in lines), Decimal(0))
    total = net + tax
    if "total" in given and checks.amount(given["total"], code, "total") != total:
        text = f"The lines give {total}, the total is {given['total']}."
        raise Refusal(422, "does_not_add_up", text, field="total")
    if (total < 0) != (whole["type"] == "credit_note") and total:
        raise Refusal(422, "invalid_total", "A credit note is below zero, an invoice above.")
    order = whole.setdefault("purchase_order_id", None)
    if order is not None and store.raw("purchase_orders", str(order)) is None:
        raise Refusal(422, "unknown_purchase_order", f"There is no purchase order {order}.")
    sums = {"net_total": net, "tax_total": tax, "total": total, "lines": lines}
    return whole | {"vendor_name": vendor["name"]} | sums


def whole_order(store: Store, given: Record) -> Record:
    """A purchase order with its sum. Raises Refusal."""
    checks.needed(given, "vendor_id", "number", "currency", "ordered_at", "lines")
    checks.text(given, "number", "reference", "memo")
    whole = {"reference": None, "status": "open", "department": None, "memo": "", **given}
    vendor = _vendor(store, given["vendor_id"])
    checks.one_of(whole["status"], ORDER_STATES, "status", "invalid_status")
    checks.iso_moment(given["ordered_at"], "ordered_at")
    lines = _lines(given["lines"], checks.currency(given["currency"]))
    total = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    return whole | {"vendor_name": vendor["name"], "total": total, "lines": lines}


def whole_payment(store: Store, given: Record) -> Record:
    """A payment of a bill. Raises Refusal."""
    checks.needed(given, "bill_id", "amount", "currency", "paid_at")
    checks.text(given, "reference", "method")
    bill = store.get("bills", str(given["bill_id"]))
    if bill is None:
        raise Refusal(422, "unknown_bill", f"There is no bill {given['bill_id']}.", field="bill_id")
    if given["currency"] != bill["currency"]:
        text = f"The bill is in {bill['currency']}."
        raise Refusal(422, "wrong_currency", text, field="currency")
    checks.amount(given["amount"], bill["currency"], "amount")
    checks.iso_moment(given["paid_at"], "paid_at")
    return {"reference": None, "method": "sepa", **given, "vendor_id": bill["vendor_id"]}


def mark_paid(site: Site, payment: Record) -> None:
    """A bill whose payments reach its total is paid."""
    bill = site.store.get("bills", payment["bill_id"])
    assert bill is not None
    paid = bill.get("paid_total", Decimal(0)) + payment["amount"]
    state = "paid" if abs(paid) >= abs(bill["total"]) else bill["status"]
    records.renew(site, BILLS, bill | {"paid_total": paid, "status": state})


def _vendor(store: Store, vendor_id: object) -> Record:
    vendor = store.get("vendors", str(vendor_id))
    if vendor is None:
        text = f"There is no vendor {vendor_id}."
        raise Refusal(422, "unknown_vendor", text, field="vendor_id")
    return vendor


def _lines(given: object, code: str) -> list[Record]:
    if not isinstance(given, list) or not all(isinstance(line, dict) for line in given):
        raise Refusal(422, "invalid_lines", "lines must be a list of objects", field="lines")
    return [_line(number, line, code) for number, line in enumerate(given, start=1)]


def _line(number: int, given: Record, code: str) -> Record:
    given = {name: value for name, value in given.items() if name != "line"}
    checks.known(given, LINE)
    checks.needed(given, "amount", "gl_account")
    checks.text(given, "description", "tax_code")
    checks.amount(given["amount"], code, "lines.amount")
    checks.amount(given.get("tax_amount", 0), code, "lines.tax_amount")
    checks.one_of(given["gl_account"], checks.ACCOUNTS, "lines.gl_account", "unknown_account")
    department = given.get("department")
    if department is not None:
        checks.one_of(department, checks.DEPARTMENTS, "lines.department", "unknown_department")
    return {"line": number, "department": None, "tax_amount": Decimal(0), **given}


def _columns(record: Record) -> Columns:
    return {
        "reference": record["reference"],
        "number": record["number"],
        "vendor": record["vendor_id"],
        "currency": record["currency"],
        "total": str(record["total"]),
    }


VENDORS = Kind(
    name="vendors",
    noun="vendor",
    prefix="V-",
    stamp="modified_at",
    fields=(
        "reference",
        "name",
        "country",
        "city",
        "currency",
        "tax_id",
        "email",
        "payment_days",
        "status",
    ),
    complete=whole_vendor,
    columns=lambda record: {"reference": record["reference"]},
)
ORDERS = Kind(
    name="purchase_orders",
    noun="purchase_order",
    prefix="PO-",
    stamp="modified_at",
    fields=(
        "reference",
        "vendor_id",
        "number",
        "status",
        "currency",
        "ordered_at",
        "department",
        "memo",
        "lines",
    ),
    complete=whole_order,
    columns=_columns,
)
BILLS = Kind(
    name="bills",
    noun="bill",
    prefix="B-",
    stamp="modified_at",
    fields=(
        "reference",
        "vendor_id",
        "number",
        "type",
        "status",
        "currency",
        "issued_at",
        "due_at",
        "purchase_order_id",
        "memo",
        "total",
        "lines",
    ),
    complete=whole_bill,
    columns=_columns,
    final=("paid",),
)
PAYMENTS = Kind(
    name="payments",
    noun="payment",
    prefix="P-",
    stamp="modified_at",
    fields=("reference", "bill_id", "amount", "currency", "paid_at", "method"),
    complete=whole_payment,
    columns=lambda record: {
        "reference": record["reference"],
        "vendor": record["vendor_id"],
        "currency": record["currency"],
        "total": str(record["amount"]),
    },
    then=mark_paid,
)
KINDS = (VENDORS, ORDERS, BILLS, PAYMENTS)
