"""Transforms of dates and times: date, datetime, add_days.

A format is `iso` or is written with `YYYY YY MM DD HH mm ss` only, other characters as they are.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connector.flows.mapping.decimals import named, short, to_decimal
from connector.flows.mapping.errors import HeldError, Reason, bad_value
from connector.flows.mapping.scope import Scope
from connector.flows.mapping.transforms.declare import (
    Apply,
    Arg,
    Args,
    ArgumentError,
    Systems,
    Transform,
    always,
    kinds,
)
from connector.flows.mapping.types import DATE, DATETIME, TEXT_LIKE, Kind

_TOKENS = {"YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_LENGTHS = {"YYYY": 4} | dict.fromkeys(("YY", "MM", "DD", "HH", "mm", "ss"), 2)


def zone_named(name: str) -> ZoneInfo:
    """Raises ArgumentError for a name that the time zone database does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ArgumentError(f'"{name}" is no time zone; write one like Europe/Berlin') from None


def _parser(fmt: str) -> Callable[[str], datetime | date]:
    if fmt == "iso":
        return _parse_iso
    pattern, length, rest = "", 0, fmt
    while rest:
        token = next((token for token in _TOKENS if rest.startswith(token)), "")
        if not token and rest[0].isalpha() and rest[0] not in "TZ":
            raise ArgumentError("a format is written with YYYY YY MM DD HH mm ss")
        pattern += _TOKENS.get(token) or rest[0].replace("%", "%%")
        length += _LENGTHS.get(token, 1)
        rest = rest[len(token) or 1 :]
    if not any(day in fmt for day in ("DD",)) or "MM" not in fmt or "YY" not in fmt:
        raise ArgumentError("a format needs year, month and day")

    def parse(text: str) -> datetime:
        # strptime takes 1.2.2026 for DD.MM.YYYY, and other scripts' digits.
        if len(text) != length or not text.isascii():
            raise ValueError(text)
        return datetime.strptime(text, pattern)

    return parse


def _parse_iso(text: str) -> datetime | date:
    if len(text) in (8, 10):
        return date.fromisoformat(text)
    if len(text) < 16 or not text.isascii():
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _reader(args: Args, what: str) -> Callable[[Any], datetime | date]:
    """Text, epoch number, date or datetime into one of the last two."""
    fmt, epoch = args["format"], args["epoch"]
    parse = _parser(fmt)

    def read(value: Any) -> datetime | date:
        if isinstance(value, date):
            return value
        if epoch and isinstance(value, str | int | Decimal) and not isinstance(value, bool):
            seconds = to_decimal(value) / (1000 if epoch == "ms" else 1)
            try:
                return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
                    microseconds=int(seconds * 1_000_000)
                )
            except OverflowError:
                raise bad_value(f"{named(value)} is no {what} in this world.", value) from None
        if not isinstance(value, str):
            raise bad_value(f"{named(value)} is no {what} in {fmt}.", value)
        try:
            return parse(value.strip())
        except ValueError:
            raise bad_value(f'"{short(value)}" is no {what} in {fmt}.', value) from None

    return read


def _date(args: Args, systems: Systems) -> Apply:
    read, named_zone = _reader(args, "date"), args["zone"] and zone_named(args["zone"])

    def apply(value: Any, scope: Scope) -> date:
        found = read(value)
        if not isinstance(found, datetime):
            return found
        if found.tzinfo is None:
            return found.date()
        zone = named_zone or _connection_zone(scope)
        if zone is None:
            raise no_zone("The date of an instant needs a zone", value)
        return _moved(found, zone).date()

    return apply


def _datetime(args: Args, systems: Systems) -> Apply:
    read, named_zone = _reader(args, "time"), args["zone"] and zone_named(args["zone"])

    def apply(value: Any, scope: Scope) -> datetime:
        found = read(value)
        if not isinstance(found, datetime):
            raise bad_value(f"{named(value)} is a date without a time.", value)
        if found.tzinfo is not None:
            return _moved(found, found.tzinfo)
        zone = named_zone or _connection_zone(scope)
        if zone is None:
            raise no_zone("The time has no zone", value)
        local = found.replace(tzinfo=zone)
        if _moved(_moved(local, UTC), zone).replace(tzinfo=None) != found:
            raise bad_value(f"{named(value)} does not exist in {zone.key}: clock change.", value)
        return local

    return apply


def _moved(moment: datetime, zone: tzinfo) -> datetime:
    """The same instant in another zone. Raises HeldError at the edges of the calendar."""
    try:
        return moment.astimezone(UTC).astimezone(zone)
    except OverflowError:
        raise bad_value("The time is out of range.", moment) from None


def no_zone(what: str, value: object) -> HeldError:
    text = f"{what}; name one in the row or the connection."
    return HeldError(Reason.NO_ZONE, text, value=value)


def _connection_zone(scope: Scope) -> ZoneInfo | None:
    name = scope.run.zone
    if not name:
        return None
    try:
        return zone_named(name)
    except ArgumentError as error:
        raise HeldError(Reason.NO_ZONE, f"The connection's zone: {error}.") from None


def _add_days(args: Args, systems: Systems) -> Apply:
    days = timedelta(days=args["n"])

    def apply(value: Any, scope: Scope) -> date:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise bad_value(f"{named(value)} is no date; use date before.", value)
        try:
            return value + days
        except OverflowError:
            raise bad_value("The date is out of range.", value) from None

    return apply


_WHEN = {
    "format": Arg("text", default="iso"),
    "zone": Arg("zone", default=""),
    "epoch": Arg("choice", default=None, choices=("s", "ms")),
}

TRANSFORMS = {
    "date": Transform(
        TEXT_LIKE | kinds(Kind.INTEGER, Kind.DATE, Kind.DATETIME),
        always(DATE),
        _date,
        _WHEN,
        "format",
    ),
    "datetime": Transform(
        TEXT_LIKE | kinds(Kind.INTEGER, Kind.DATETIME), always(DATETIME), _datetime, _WHEN, "format"
    ),
    "add_days": Transform(
        kinds(Kind.DATE), always(DATE), _add_days, {"n": Arg("integer", required=True)}, "n"
    ),
}
