"""The last step of every row: does the value fit the target field as it is?

Nothing is rounded, cut or turned into another kind here. What does not fit is held.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from connector.flows.mapping.currencies import digits_of
from connector.flows.mapping.decimals import fit_scale, named, places, plain
from connector.flows.mapping.errors import HeldError, Reason, bad_value
from connector.flows.mapping.transforms.text import too_long
from connector.flows.mapping.types import TEXT_LIKE, FieldType, Kind
from connector.flows.mapping.value_maps import shipped

Fit = Callable[[Any], Any]


def fitter(target: FieldType) -> Fit:
    """A function that gives the value as the target holds it, or raises HeldError."""
    if target.kind in TEXT_LIKE:
        return _text(target)
    match target.kind:
        case Kind.INTEGER:
            return _integer
        case Kind.DECIMAL | Kind.MONEY:
            return _number(target)
        case Kind.BOOLEAN:
            return _boolean
        case Kind.DATE:
            return _date
        case Kind.DATETIME:
            return _datetime
    return _any


def _text(target: FieldType) -> Fit:
    most, member = target.max, _member(target)

    def fit(value: Any) -> str:
        if not isinstance(value, str):
            raise bad_value(f"{named(value)} is no text; use the transform text.", value)
        if most is not None and len(value) > most:
            raise too_long(value, most)
        if member:
            member(value)
        return value

    return fit


def _member(target: FieldType) -> Callable[[str], None] | None:
    match target.kind:
        case Kind.CURRENCY:
            return lambda value: _ignore(digits_of(value))
        case Kind.ENUM if target.values:
            return _one_of(frozenset(target.values), "is not one of " + ", ".join(target.values))
        case Kind.COUNTRY:
            codes = shipped()["std/country-iso2"].shape.values
            return _one_of(codes, "is no ISO 3166 country code of two letters.")
        case Kind.EMAIL:
            return _email
        case Kind.URL:
            return _url
    return None


def _ignore(value: object) -> None:
    """Only the refusal counts."""


def _one_of(members: frozenset[str], text: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        if value not in members:
            raise bad_value(f"{named(value)} {text}", value)

    return check


def _email(value: str) -> None:
    local, mark, domain = value.rpartition("@")
    if not (local and mark and domain) or any(c.isspace() for c in value) or "@" in local:
        raise bad_value("This is no e-mail address.", value)


def _url(value: str) -> None:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or any(c.isspace() for c in value):
        raise bad_value("This is no web address.", value)


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_value(f"{named(value)} is no integer; use the transform integer.", value)
    return value


def _number(target: FieldType) -> Fit:
    digits, scale = target.digits, target.scale

    def fit(value: Any) -> Decimal:
        number = Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(number, Decimal):
            raise bad_value(f"{named(value)} is no number; use the transform decimal.", value)
        if scale is not None:
            number = fit_scale(number, scale)
        if digits is not None:
            before = max(0, number.adjusted() + 1) if number else 0
            if before + (places(number) if scale is None else scale) > digits:
                text = f"{plain(number)} has more than {digits} digits."
                raise HeldError(Reason.TOO_PRECISE, text, value=number)
        return number

    return fit


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise bad_value(f"{named(value)} is neither true nor false; use boolean.", value)
    return value


def _date(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise bad_value(f"{named(value)} is no date; use the transform date.", value)
    return value


def _datetime(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise bad_value(f"{named(value)} is no time with a zone; use datetime.", value)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise bad_value("The time is out of range.", value) from None


def _any(value: Any) -> Any:
    if isinstance(value, float):
        raise bad_value("A float can't be sent; numbers are exact here.", value)
    return value
