"""Whole fields and records: typed values to the wire by their field, and back."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from connector.systems import path
from connector.systems.errors import Kind, SystemFailure
from connector.systems.path import MISSING
from connector.systems.scope import Scope
from connector.systems.spec_fields import Field, Fields, Wire
from connector.systems.wire import dates, decimals

_BOOLEANS: Mapping[str, tuple[Any, Any]] = {
    "native": (True, False),
    "text": ("true", "false"),
    "t_f": ("T", "F"),
    "yes_no": ("yes", "no"),
    "y_n": ("Y", "N"),
    "one_zero": (1, 0),
}
_TRUE = {"true", "t", "yes", "y", "1"}
_FALSE = {"false", "f", "no", "n", "0"}


def write(value: Any, field: Field, scope: Scope, values: Mapping[str, Any]) -> Any:
    """One typed value as the system wants it. `values` is the row that the field stands in.

    Raises SystemFailure (refused): the record is held with the field's name, never rounded or cut.
    """
    if value is None:
        return _clear(field, scope)
    try:
        return _write(value, field, scope, values)
    except (ValueError, TypeError, OverflowError) as error:
        raise refused(
            f'{scope.system} can\'t be given the field "{field.name}": it {error}.'
        ) from None


def write_all(values: Mapping[str, Any], fields: Fields, scope: Scope) -> dict[str, Any]:
    """A row as an object of the system: each given field at its place.

    An empty field (None) clears on update and is left out otherwise.
    """
    out: dict[str, Any] = {}
    unknown = values.keys() - fields.keys()
    if unknown:
        raise refused(f'{scope.system} has no field "{min(unknown)}".')
    for name, field in fields.items():
        value = values.get(name, MISSING)
        if value is MISSING or not field.written(scope.verb):
            continue
        if value is None and scope.verb != "update":
            continue
        path.put(out, field.at, write(value, field, scope, values))
    return out


def write_plain(value: Any, scope: Scope) -> Any:
    """A value that belongs to no field, by its own type."""
    if isinstance(value, bool):
        return _BOOLEANS[scope.wire.boolean][not value]
    if isinstance(value, Decimal):
        return decimals.write(value, scope.wire.decimal)
    if isinstance(value, datetime):
        return dates.write_datetime(value, scope.wire.datetime, scope.zone)
    if isinstance(value, date):
        return dates.write_date(value, scope.wire.date)
    return value


def read(raw: Any, field: Field, wire: Wire, zone: tzinfo, currency: str | None = None) -> Any:
    """One value of an answer, typed; null and (but for text) empty text are None.

    Raises SystemFailure (refused) with the field's name and what is wrong, never with the value.
    """
    if raw is None or (raw == "" and field.type != "text"):
        return None
    try:
        if field.type == "list":
            return _read_list(raw, field, wire, zone, currency)
        if field.type == "money" and (field.wire or wire.money) == "minor":
            if not currency:
                raise ValueError("has no currency beside it")
            return decimals.from_minor(raw, decimals.digits_of(currency, wire.minor_digits))
        if field.type == "date":
            return dates.read_date(raw, field.wire or wire.date)  # type: ignore[arg-type]
        if field.type == "datetime":
            return dates.read_datetime(raw, zone, field.wire or wire.datetime)  # type: ignore[arg-type]
        return _READ[field.type](raw)
    except (ValueError, TypeError, OverflowError) as error:
        raise refused(f'The field "{field.name}" of the answer {error}.') from None


def read_all(
    raw: Any, fields: Fields, wire: Wire, zone: tzinfo, *, currency: str | None = None
) -> dict[str, Any]:
    """Every field that a raw record holds, typed. Missing ones are left out.

    `currency` is the outer record's, for rows that carry none of their own.
    """
    out: dict[str, Any] = {}
    for name, field in sorted(fields.items(), key=lambda item: item[1].type in ("money", "list")):
        found = path.find(raw, field.at)
        if found is not MISSING:
            own = field.currency or ""
            code = own if own.isupper() else out.get(own) or currency
            if field.type == "list":
                code = _one_currency(out, fields) or currency
            out[name] = read(found, field, wire, zone, code)
    return {name: out[name] for name in fields if name in out}


def refused(message: str) -> SystemFailure:
    """The failure of one record."""
    return SystemFailure(Kind.REFUSED, message)


def _write(value: Any, field: Field, scope: Scope, values: Mapping[str, Any]) -> Any:
    wire = scope.wire
    match field.type:
        case "decimal" | "money":
            _fits(value, field)
            form = field.wire or (wire.money if field.type == "money" else wire.decimal)
            digits = 2
            if form == "minor":
                code = scope.currency(field, values)
                if not code:
                    raise ValueError("has no currency beside it")
                digits = decimals.digits_of(code, wire.minor_digits)
            return decimals.write(Decimal(value), form, digits)  # type: ignore[arg-type]
        case "date":
            if not isinstance(value, date):
                raise ValueError("is not a date")
            return dates.write_date(value, field.wire or wire.date)  # type: ignore[arg-type]
        case "datetime":
            if not isinstance(value, datetime):
                raise ValueError("is not a time")
            return dates.write_datetime(value, field.wire or wire.datetime, scope.zone)  # type: ignore[arg-type]
        case "boolean":
            if not isinstance(value, bool):
                raise ValueError("is not yes or no")
            return _BOOLEANS[field.wire or wire.boolean][not value]
        case "id":
            return _write_id(value, field.wire or wire.id)
        case "list":
            return _write_list(value, field, scope)
        case "integer":
            if not isinstance(value, int) or isinstance(value, bool):
                raise ValueError("is not a whole number")
            return value
        case "any":
            return write_plain(value, scope)
        case _:
            return _write_text(value, field)


def _fits(value: Any, field: Field) -> None:
    if not isinstance(value, Decimal | int) or isinstance(value, bool):
        raise ValueError("is not a number")
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError("is not a finite number")
    _, digits, exponent = number.as_tuple()
    places = max(0, -int(exponent))
    while places and digits and digits[-1] == 0:
        digits, places = digits[:-1], places - 1
    if field.scale is not None and places > field.scale:
        raise ValueError(f"has more than {field.scale} decimal places")
    before = max(0, number.adjusted() + 1) if number else 0
    if field.digits is not None and before + places > field.digits:
        raise ValueError(f"has more than {field.digits} digits")


def _write_id(value: Any, form: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise ValueError("is not an id")
    text = str(value)
    if form != "number":
        return text
    if not (text.isascii() and text.isdigit()):
        raise ValueError("is not a number, which this system's ids are")
    return int(text)


def _write_text(value: Any, field: Field) -> str:
    if not isinstance(value, str):
        raise ValueError("is not a text")
    if field.max is not None and len(value) > field.max:
        raise ValueError(f"is longer than {field.max} characters")
    if field.values and value not in field.values:
        raise ValueError("is not one of " + ", ".join(field.values))
    return value


def _write_list(value: Any, field: Field, scope: Scope) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError("is not a list")
    if not field.fields:
        return [write_plain(item, scope) for item in value]
    return [write_all(item, field.fields, scope) for item in value]


def _clear(field: Field, scope: Scope) -> Any:
    if scope.wire.clear == "never":
        raise refused(f'{scope.system} can\'t empty a field, and "{field.name}" became empty.')
    if field.type == "list":
        return []
    return "" if scope.wire.clear == "empty" else None


def _read_list(raw: Any, field: Field, wire: Wire, zone: tzinfo, currency: str | None) -> list[Any]:
    if not isinstance(raw, list):
        raise ValueError("is not a list")
    if not field.fields:
        return raw
    return [read_all(item, field.fields, wire, zone, currency=currency) for item in raw]


def _one_currency(values: Mapping[str, Any], fields: Fields) -> str | None:
    codes = {values.get(name) for name, field in fields.items() if field.type == "currency"}
    only = codes.pop() if len(codes) == 1 else None
    return only if isinstance(only, str) else None


def _read_text(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | Decimal):
        return decimals.plain(Decimal(raw))
    raise ValueError("is not a text")


def _read_id(raw: Any) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise ValueError("is not an id")
    return str(raw)


def _read_integer(raw: Any) -> int:
    number = decimals.read(raw)
    if number != number.to_integral_value():
        raise ValueError("is not a whole number")
    return int(number)


def _read_boolean(raw: Any) -> bool:
    text = str(raw).lower() if isinstance(raw, bool | int | str) else ""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError("is not yes or no")


_READ: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("text", "enum", "currency", "country", "email", "url"), _read_text),
    "id": _read_id,
    "integer": _read_integer,
    "decimal": decimals.read,
    "money": decimals.read,
    "boolean": _read_boolean,
    "any": lambda raw: raw,
}
