"""Dates and times in the forms that systems use."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any

from connector.systems.spec_fields import DateForm, DatetimeForm

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ].*)?\Z", re.ASCII)
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})\Z", re.ASCII)
_US = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})\Z", re.ASCII)
_DOTNET = re.compile(r"/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/\Z", re.ASCII)
_DIGITS = re.compile(r"-?[0-9]{9,15}\Z", re.ASCII)
_ISO_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?([.,]\d{1,9})?\s?"
    r"(Z|z|UTC|[+-]\d{2}(?::?\d{2})?)?\Z",
    re.ASCII,
)
_FROM_HERE_MS = 10**11  # as seconds this lies in the year 5138
_TOKENS = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def write_date(value: date, form: DateForm) -> Any:
    """A day in one form; as an instant it is midnight UTC."""
    midnight = datetime(value.year, value.month, value.day, tzinfo=UTC)
    match form:
        case "iso":
            return value.isoformat()[:10]
        case "compact":
            return f"{value.year:04}{value.month:02}{value.day:02}"
        case "us":
            return f"{value.month:02}/{value.day:02}/{value.year:04}"
        case "tagged":
            return {
                "__class__": "date",
                "year": value.year,
                "month": value.month,
                "day": value.day,
            }
        case _:
            return write_datetime(midnight, form, UTC)


def write_datetime(value: datetime, form: DatetimeForm, zone: tzinfo) -> Any:
    """An instant in one form. `zone` (the connection's) counts where the form has no zone.

    Forms without fractions drop them: an instant is rounded down, never up.
    """
    instant = aware(value, zone).astimezone(UTC)
    match form:
        case "iso":
            return f"{_seconds(instant)}Z"
        case "iso_ms":
            return f"{_seconds(instant)}.{instant.microsecond // 1000:03}Z"
        case "iso_offset":
            return instant.astimezone(zone).isoformat(timespec="seconds")
        case "no_zone":
            return _seconds(instant.astimezone(zone))
        case "dotnet":
            return f"/Date({epoch_ms(instant)})/"
        case "epoch_s":
            return epoch_ms(instant) // 1000
        case "epoch_ms":
            return epoch_ms(instant)
        case "tagged":
            names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return {
                "__class__": "datetime",
                **{name: getattr(instant, name) for name in names},
            }


def read_date(value: Any, form: DateForm = "iso") -> date:
    """A day in any form; `form` only settles whether a bare number is seconds or milliseconds.

    A day inside a time is taken as written. Raises ValueError.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, dict) and value.get("__class__") == "date":
        return date(*(_whole(value, name) for name in ("year", "month", "day")))
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str):
        text = text.strip()
        if found := _ISO_DAY.match(text) or _COMPACT.match(text):
            return date(*map(int, found.groups()))
        if found := _US.match(text):
            month, day, year = map(int, found.groups())
            return date(year, month, day)
    return read_datetime(value, UTC, "epoch_ms" if form == "epoch_ms" else "iso").date()


def read_datetime(value: Any, zone: tzinfo, form: DatetimeForm = "iso") -> datetime:
    """An instant in any form, in UTC; a time without a zone is in `zone`. Raises ValueError."""
    if isinstance(value, datetime):
        return aware(value, zone).astimezone(UTC)
    if isinstance(value, dict) and value.get("__class__") == "datetime":
        parts = [_whole(value, name) for name in ("year", "month", "day", "hour", "minute")]
        rest = [int(value.get(name, 0)) for name in ("second", "microsecond")]
        return datetime(*parts, *rest, tzinfo=UTC)  # type: ignore[misc, arg-type]
    if isinstance(value, int) and not isinstance(value, bool):
        return _instant(value, form)
    if isinstance(value, str):
        text = value.strip()
        if found := _DOTNET.match(text):
            return _from_ms(int(found[1]))
        if _DIGITS.match(text):
            return _instant(int(text), form)
        if found := _ISO_TIME.match(text):
            return _from_iso(found, zone)
        if _ISO_DAY.match(text):
            return aware(datetime.combine(read_date(text), datetime.min.time()), zone).astimezone(
                UTC
            )
    raise ValueError("is not a time")


def aware(value: date, zone: tzinfo) -> datetime:
    """The instant of a time or the start of a day; without a zone it is taken in `zone`."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    return value if value.tzinfo else value.replace(tzinfo=zone)


def epoch_ms(value: datetime) -> int:
    """Whole milliseconds since 1970, rounded down."""
    return (value - _EPOCH) // timedelta(milliseconds=1)


def formatted(value: date, pattern: str, zone: tzinfo) -> str:
    """By `YYYY MM DD HH mm ss`; everything else in the pattern stays as it is."""
    local = aware(value, zone).astimezone(zone) if isinstance(value, datetime) else value
    out = pattern
    for token, code in _TOKENS.items():
        if token in out:
            text = local.strftime(code)
            out = out.replace(token, text.zfill(4) if token == "YYYY" else text)  # noqa: S105
    return out


def _seconds(value: datetime) -> str:
    return value.replace(tzinfo=None, microsecond=0).isoformat(timespec="seconds")


def _from_iso(found: re.Match[str], zone: tzinfo) -> datetime:
    day, minute, second, fraction, offset = found.groups()
    micros = ((fraction or ".0")[1:] + "000000")[:6]
    value = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}.{micros}")
    if offset is None:
        return value.replace(tzinfo=zone).astimezone(UTC)
    if offset in ("Z", "z", "UTC"):
        return value.replace(tzinfo=UTC)
    hours, minutes = int(offset[1:3]), int(offset[3:].lstrip(":") or 0)
    shift = timedelta(hours=hours, minutes=minutes) * (-1 if offset[0] == "-" else 1)
    return _checked(lambda: value.replace(tzinfo=timezone(shift)).astimezone(UTC))


def _instant(number: int, form: DatetimeForm) -> datetime:
    ms = form == "epoch_ms" or (form != "epoch_s" and abs(number) >= _FROM_HERE_MS)
    return _from_ms(number if ms else number * 1000)


def _from_ms(number: int) -> datetime:
    return _checked(lambda: _EPOCH + timedelta(milliseconds=number))


def _checked(make: Any) -> datetime:
    try:
        value = make()
    except OverflowError:
        raise ValueError("is not a time that a calendar holds") from None
    assert isinstance(value, datetime)
    return value


def _whole(value: dict[str, Any], name: str) -> int:
    number = value.get(name)
    if not isinstance(number, int) or isinstance(number, bool):
        raise ValueError("is not a whole date")
    return number
