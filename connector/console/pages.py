"""Pages of a long list by key, never by number: row ten million is as near as row ten."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.http import QueryDict

M = TypeVar("M", bound=Model)
SIZE = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some rows, and the query strings of the pages beside them ("" where there is none)."""

    rows: Sequence[M]
    before: str
    after: str


def page(
    query: QuerySet[M], params: QueryDict, *, order: Sequence[str], size: int = SIZE
) -> Page[M]:
    """Cut one page out of a query.

    Args:
        order: the fields of the order, all in one direction ("-at", "-id"); the last is unique.
        params: the page's GET parameters. `after` and `before` hold the values of the row to start
            from; one that can't be read is as if it weren't there. The others stay in the links.
    """
    backwards = "before" in params
    start = params.get("before" if backwards else "after", "")
    values = _read(query, order, start)
    if values is None:
        backwards = False
    directed = [_turned(name) for name in order] if backwards else list(order)
    if values is not None:
        query = query.filter(_beyond(directed, values))
    rows = list(query.order_by(*directed)[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page([], "", "")
    has_before = more if backwards else values is not None
    has_after = True if backwards else more
    return Page(
        rows,
        _link(params, "before", rows[0], order) if has_before else "",
        _link(params, "after", rows[-1], order) if has_after else "",
    )


def is_key(query: QuerySet[M], order: Sequence[str], start: str) -> bool:
    """Whether a text could be the key of a row, as `before` and `after` hold it."""
    return _read(query, order, start) is not None


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _read(query: QuerySet[M], order: Sequence[str], start: str) -> list[Any] | None:
    parts = start.split("~", len(order) - 1)
    if not start or len(parts) != len(order):
        return None
    try:
        return [
            _field(query.model, name).to_python(part)
            for name, part in zip(order, parts, strict=True)
        ]
    except (ValidationError, ValueError):
        return None


def _field(model: type[Model], name: str) -> "Field[Any, Any]":
    field = model._meta.get_field(name.lstrip("-"))
    assert isinstance(field, Field)
    return field


def _beyond(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows after the given values: (a, b) < (x, y), written so that an index on (a, b) is used."""
    condition = Q()
    equal = Q()
    for name, value in zip(order, values, strict=True):
        field, side = name.lstrip("-"), "lt" if name.startswith("-") else "gt"
        condition |= equal & Q((f"{field}__{side}", value))
        equal &= Q((field, value))
    first, side = order[0].lstrip("-"), "lte" if order[0].startswith("-") else "gte"
    return Q((f"{first}__{side}", values[0])) & condition


def _link(params: QueryDict, name: str, row: M, order: Sequence[str]) -> str:
    kept = params.copy()
    for key in ("before", "after"):
        kept.pop(key, None)
    kept[name] = "~".join(_text(getattr(row, field.lstrip("-"))) for field in order)
    return f"?{kept.urlencode()}"


def _text(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
