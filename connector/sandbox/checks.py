"""What both practice systems ask of a record, and how they say that it is not so."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connector.sandbox.errors import Refusal

DIGITS = {
    "EUR": 2, "USD": 2, "GBP": 2, "CHF": 2, "PLN": 2, "CZK": 2, "SEK": 2, "DKK": 2, "NOK": 2,
    "CAD": 2, "AUD": 2, "CNY": 2, "INR": 2, "BRL": 2, "JPY": 0, "KRW": 0, "KWD": 3,
}  # fmt: skip
"""Currencies that the practice systems know, with the digits after the point (ISO 4217)."""

ACCOUNTS = {
    "0400": "Machines and equipment",
    "0420": "Office furniture",
    "0650": "Software licences",
    "3400": "Goods for resale",
    "4210": "Rent",
    "4240": "Power and water",
    "4500": "Vehicles",
    "4600": "Advertising",
    "4660": "Travel",
    "4910": "Postage",
    "4920": "Telephone and internet",
    "4930": "Office supplies",
    "4950": "Legal and consulting fees",
    "4980": "Other operating cost",
}
DEPARTMENTS = {
    "0010": "Board",
    "0120": "Purchasing",
    "0200": "Production",
    "0310": "Sales",
    "0400": "Administration",
    "0550": "IT",
}


def needed(record: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if record.get(name) in (None, "", []):
            raise Refusal(422, "missing_field", f"{name} is needed", field=name)


def known(record: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in record:
        if name not in names:
            raise Refusal(422, "unknown_field", f"there is no field {name}", field=name)


def text(record: Mapping[str, Any], *names: str, most: int = 200) -> None:
    for name in names:
        value = record.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > most):
            raise Refusal(422, "invalid_text", f"{name} must be text of at most {most}", field=name)


def currency(code: Any) -> str:
    if not isinstance(code, str) or code not in DIGITS:
        raise Refusal(422, "unknown_currency", f"{code} is no currency here", field="currency")
    return code


def amount(value: Any, code: str, field: str) -> Decimal:
    """An exact amount with no more digits than its currency has."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refusal(422, "invalid_amount", f"{field} must be an amount", field=field)
    exact = Decimal(value)
    if not exact.is_finite() or abs(exact) >= Decimal(10) ** 15:
        raise Refusal(422, "invalid_amount", f"{field} is out of range", field=field)
    places = DIGITS[code]
    if exact != round(exact, places):
        raise Refusal(422, "invalid_amount", f"{code} has {places} digits: {field}", field=field)
    return exact


def one_of(value: Any, choices: Iterable[str], field: str, code: str) -> str:
    if not isinstance(value, str) or value not in choices:
        raise Refusal(422, code, f"{value} is not known here", field=field)
    return value


def iso_date(value: Any, field: str) -> str:
    try:
        if date.fromisoformat(value).isoformat() == value:
            return str(value)
    except (TypeError, ValueError):
        pass
    raise Refusal(422, "invalid_date", f"{field} must be like 2026-11-20", field=field)


def iso_moment(value: Any, field: str) -> str:
    """A date and time with a zone, as it was given."""
    try:
        if datetime.fromisoformat(value).tzinfo:
            return str(value)
    except (TypeError, ValueError):
        pass
    says = f"{field} must be like 2026-11-20T08:00:00+01:00"
    raise Refusal(422, "invalid_datetime", says, field=field)


def since(value: str) -> str:
    """A moment of a query in the form in which the store keeps times; empty if none is asked."""
    if not value:
        return ""
    moment = datetime.fromisoformat(iso_moment(value, "modified_since"))
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def whole(value: str | None, default: int, most: int, field: str) -> int:
    """A whole number of a query."""
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or int(value) > most:
        raise Refusal(422, "invalid_number", f"{field} must be 0 to {most}", field=field)
    return int(value)
