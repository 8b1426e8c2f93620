"""Records of tests as a typed stream would give them: a file has no dates and no money.

Records of a run come typed from the system's own description of how it writes a type; a test
writes ISO dates and plain numbers. What does not convert stays, and the row says so.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from connector.flows.mapping.decimals import to_decimal
from connector.flows.mapping.errors import HeldError
from connector.flows.mapping.types import FieldType, Kind


def typed_record(record: Any, fields: Mapping[str, FieldType]) -> Any:
    """The record with each field of `fields` in its type; other fields stay as they are."""
    if not isinstance(record, dict):
        return record
    return {
        name: _typed(value, fields[name]) if name in fields else value
        for name, value in record.items()
    }


def _typed(value: Any, field: FieldType) -> Any:
    if value is None or value == "":
        return value
    if field.kind is Kind.LIST and isinstance(value, list):
        return [typed_record(each, field.fields) for each in value]
    if field.kind is Kind.OBJECT:
        return typed_record(value, field.fields)
    try:
        return _scalar(value, field.kind)
    except (HeldError, ValueError):
        return value


def _scalar(value: Any, kind: Kind) -> Any:
    match kind:
        case Kind.DECIMAL | Kind.MONEY:
            return to_decimal(value)
        case Kind.DATE if isinstance(value, str):
            return date.fromisoformat(value)
        case Kind.DATETIME if isinstance(value, str):
            found = datetime.fromisoformat(value)
            return value if found.tzinfo is None else found
    return value
