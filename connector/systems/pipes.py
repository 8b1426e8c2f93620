"""The closed list of pipes. Each takes a value and perhaps an argument, and has no side effect."""

import base64
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from connector.systems import path
from connector.systems.authority import authority
from connector.systems.scope import Scope
from connector.systems.wire import dates, decimals, jsontext
from connector.systems.wire.fields import write_plain
from connector.systems.wire.forms import scalar
from connector.systems.yaml_reader import scalar as plain_scalar

Pipe = Callable[[Any, str, Scope], Any]


def text(value: Any) -> str:
    """A value as text: digits, `true`, ISO dates. Raises ValueError for lists and objects."""
    if isinstance(value, datetime):
        return dates.write_datetime(value, "iso", UTC)  # type: ignore[no-any-return]
    if isinstance(value, date):
        return value.isoformat()
    return scalar(value)


def _time(value: Any, scope: Scope) -> datetime:
    if isinstance(value, date):
        return dates.aware(value, UTC if not isinstance(value, datetime) else scope.zone)
    return dates.read_datetime(value, scope.zone)


def _day(value: Any, scope: Scope) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return dates.read_datetime(value, scope.zone).astimezone(scope.zone).date()


def _written(form: Any) -> Pipe:
    return lambda value, _, scope: dates.write_datetime(_time(value, scope), form, scope.zone)


def _format(value: Any, argument: str, scope: Scope) -> str:
    given = value if isinstance(value, date) else dates.read_datetime(value, scope.zone)
    return dates.formatted(given, argument, scope.zone)


def _first(value: Any, _: str, scope: Scope) -> Any:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("is not a list with something in it")
    return value[0]


def _join(value: Any, argument: str, _: Scope) -> str:
    if not isinstance(value, list | tuple):
        raise ValueError("is not a list")
    return argument.join(text(item) for item in value)


def _host(value: Any, _: str, __: Scope) -> str:
    try:
        parts = urlsplit(text(value))
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host:
        raise ValueError("is not a URL with a host")
    return authority(parts.scheme, host, port)


def _minor(value: Any, argument: str, scope: Scope) -> int:
    code = path.find(scope.names, tuple(argument.split("."))) if "." in argument else argument
    if not isinstance(code, str):
        raise ValueError(f'needs the currency in "{argument}", which is missing')
    number = value if isinstance(value, Decimal) else decimals.read(value)
    return decimals.to_minor(number, decimals.digits_of(code, scope.wire.minor_digits))


def _json(value: Any, _: str, scope: Scope) -> str:
    return jsontext.encode(_plain(value, scope)).decode()


def _plain(value: Any, scope: Scope) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item, scope) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, scope) for item in value]
    return write_plain(value, scope)


def _texts(change: Callable[[str], str]) -> Pipe:
    return lambda value, _, __: change(text(value))


def _sql(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


PIPES: Mapping[str, Pipe] = {
    "iso": _written("iso"),
    "iso_ms": _written("iso_ms"),
    "date": lambda value, _, scope: _day(value, scope).isoformat(),
    "compact_date": lambda value, _, scope: dates.write_date(_day(value, scope), "compact"),
    "epoch_s": _written("epoch_s"),
    "epoch_ms": _written("epoch_ms"),
    "format": _format,
    "sql": _texts(_sql),
    "odata": _texts(_sql),
    "quote": _texts(_quoted),
    "optional": lambda value, _, __: value,
    "default": lambda value, _, __: value,
    "host": _host,
    "upper": _texts(str.upper),
    "lower": _texts(str.lower),
    "trim": _texts(str.strip),
    "base64": _texts(lambda given: base64.b64encode(given.encode()).decode()),
    "base64url": _texts(lambda given: base64.urlsafe_b64encode(given.encode()).decode()),
    "json": _json,
    "text": _texts(str),
    "limit": lambda value, argument, _: text(value)[: int(argument)],
    "join": _join,
    "first": _first,
    "minor": _minor,
}

_ARGUMENTS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "format": (re.compile(r"(?:YYYY|MM|DD|HH|mm|ss|[^A-Za-z])+\Z"), "YYYY MM DD HH mm ss"),
    "limit": (re.compile(r"[1-9][0-9]{0,5}\Z"), "a whole number, as in limit: 40"),
    "join": (re.compile(r"(?s).{1,20}\Z"), 'a text, as in join: ","'),
    "default": (re.compile(r"(?s).{0,60}\Z"), "a value"),
    "minor": (
        re.compile(r"(?:[A-Z]{3}|[a-z_]+\.[a-z][a-z0-9_.]*)\Z"),
        "a currency or a field, as in minor: record.currency",
    ),
}


def wrong(name: str, argument: str | None) -> str:
    """What is wrong with a pipe, in words; "" if nothing is."""
    if name not in PIPES:
        return f'unknown pipe "{name}"; pipes: ' + ", ".join(sorted(PIPES))
    if name not in _ARGUMENTS:
        return "" if argument is None else f'the pipe "{name}" takes nothing after it'
    pattern, wanted = _ARGUMENTS[name]
    fits = argument is not None and pattern.match(argument)
    return "" if fits else f'the pipe "{name}" needs {wanted}'


def default(argument: str, quoted: bool) -> Any:
    """The value of `default: x`: a number or truth value where it looks like one unquoted."""
    return argument if quoted else plain_scalar(argument)
