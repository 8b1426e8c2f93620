"""A made-up system that takes bills, for tests of writing."""

from datetime import date
from decimal import Decimal
from typing import Any

from connector.systems.spec import System
from tests.fakes.systems import described

BILL: dict[str, Any] = {
    "title": "Bill",
    "stream": "items",
    "match": ["number"],
    "fields": {
        "number": {"type": "text", "at": ["head", "number"], "required": True, "max": 20},
        "total": {"type": "money", "currency": "EUR", "required": "create"},
        "due": {"type": "date"},
        "memo": "text",
        "lines": {
            "type": "list",
            "fields": {"amount": {"type": "money", "currency": "EUR"}, "text": "text"},
        },
    },
    "find": {
        "request": {"path": "find", "query": {"number": "{{ record.number }}"}},
        "records": "items",
        "id": "id",
        "compare": {"number": ["head", "number"], "total": "total"},
    },
    "idempotency": {
        "kind": "header",
        "name": "Idempotency-Key",
        "window_s": 1000,
        "repeat": "same_answer",
    },
    "create": {
        "request": {
            "method": "POST",
            "path": "bills",
            "headers": {"Idempotency-Key": "{{ key }}"},
            "body": {"$fields": "record", "ref": "{{ external_id }}"},
        },
        "id": "id",
        "take": {"etag": {"header": "ETag"}, "version": "version"},
    },
    "update": {"request": {"method": "PATCH", "path": "bills/{{ id }}"}},
    "void": {"request": {"method": "DELETE", "path": "bills/{{ id }}", "answer": "none"}},
}
VALUES: dict[str, Any] = {
    "number": "R-1",
    "total": Decimal("1180.10"),
    "due": date(2026, 11, 3),
    "lines": [{"amount": Decimal("1180.10"), "text": "Paper"}],
}
_STREAM = {
    "title": "Items",
    "request": {"path": "items"},
    "records": "items",
    "key": "id",
    "one": {
        "request": {"path": "bills/{{ id }}"},
        "record": [],
        "take": {"etag": {"header": "ETag"}},
    },
}


def write(bill: dict[str, Any] | None = None, **parts: Any) -> System:
    """The system, its bill described with these keys over the usual ones; None drops a key."""
    wanted = {key: value for key, value in {**BILL, **(bill or {})}.items() if value is not None}
    return described(streams={"items": _STREAM}, objects={"bill": wanted}, **parts)
