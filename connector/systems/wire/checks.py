"""What a record must hold before anything of it is sent: needed fields, numbers of rows, sums."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from connector.systems.spec_fields import Field, Fields


def problems(values: Mapping[str, Any], fields: Fields, verb: str) -> Iterator[tuple[str, str]]:
    """Each field that keeps a record from being sent, as (`lines.2.amount`, what is wrong).

    On "update" only the given fields are looked at, since the others keep their value; rows of a
    list are always whole.
    """
    for name, field in fields.items():
        value = values.get(name)
        if value is None or value == "":
            if field.needed(verb) and field.written(verb) and (verb == "create" or name in values):
                yield name, "is needed"
        elif field.type == "list":
            for inner, text in _rows(value, field, values):
                yield f"{name}{inner}", text


def _rows(rows: Any, field: Field, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not isinstance(rows, list | tuple):
        yield "", "is not a list"
        return
    if not field.least <= len(rows) <= field.most:
        yield "", f"must have {field.least} to {field.most} rows, has {len(rows)}"
    if not field.fields:
        return
    for number, row in enumerate(rows):
        for inner, text in problems(row, field.fields, "create"):
            yield f".{number}.{inner}", text
    if field.sum is not None and values.get(field.sum.equals) is not None:
        total = sum((Decimal(row.get(field.sum.of) or 0) for row in rows), Decimal(0))
        if total != values[field.sum.equals]:
            yield "", f'"{field.sum.of}" must add up to "{field.sum.equals}" and does not'
