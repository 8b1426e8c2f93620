"""From the plain values of a checked description to the frozen spec, by the spec's own types.

Only values that the schema has accepted come here, so nothing is checked again.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from connector.systems import spec, spec_auth
from connector.systems.body import Body, name_of
from connector.systems.path import From, Header, Path
from connector.systems.spec_fields import Field
from connector.systems.spec_objects import (
    Create,
    Cursor,
    LastRecord,
    ObjectSpec,
    Pages,
    Step,
    Stop,
    Stream,
    Update,
)
from connector.systems.spec_request import Request
from connector.systems.template import Template

_AUTH = {
    "none": spec_auth.NoAuth,
    "static": spec_auth.StaticAuth,
    "basic": spec_auth.BasicAuth,
    "session": spec_auth.SessionAuth,
    "oauth1": spec_auth.OAuth1Auth,
    "hmac": spec_auth.HmacAuth,
    "oauth2": spec_auth.OAuth2Auth,
}
_NAMED = (Stream, ObjectSpec, Field)
_FIRST_PAGE = {"page": 1}
_DAY_S = 86_400


def build(document: Mapping[str, Any]) -> spec.System:
    """The spec of a description that passed schema and cross-checks."""
    built = _convert(spec.System, document)
    assert isinstance(built, spec.System)
    return built


def key_of(name: str) -> str:
    """The YAML key of an attribute: `from_` stands for `from`."""
    return name.removesuffix("_")


def path_of(value: Any) -> Path:
    """A text or a list of keys as a path."""
    return tuple(value) if isinstance(value, list) else (value,)


def paths_of(value: Any) -> tuple[Path, ...]:
    """One path, or several where the list holds a list."""
    several = isinstance(value, list) and any(isinstance(item, list) for item in value)
    return tuple(map(path_of, value)) if several else (path_of(value),)


@cache
def hints(cls: type) -> dict[str, Any]:
    """The types of a dataclass's attributes."""
    return get_type_hints(cls)


def _convert(wanted: Any, value: Any) -> Any:
    if value is None:
        return None
    if wanted in _OWN:
        return _OWN[wanted](value)
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin in (Union, UnionType):
        return _convert_union([one for one in arguments if one is not NoneType], value)
    if origin is tuple:
        return tuple(_convert(arguments[0], item) for item in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return MappingProxyType({key: _item(arguments[1], key, value[key]) for key in value})
    if is_dataclass(wanted):
        assert isinstance(wanted, type)
        return _build(wanted, _PREPARE.get(wanted, dict)(value))
    return value


def _convert_union(ways: list[Any], value: Any) -> Any:
    """The union's class for an object, its list for a list, else the plain way."""
    if len(ways) == 1:
        return _convert(ways[0], value)
    if isinstance(value, dict):
        classes = [one for one in ways if is_dataclass(one)]
        return _convert(next(one for one in classes if value.keys() <= _keys(one)), value)
    if isinstance(value, list):
        return _convert(next((one for one in ways if get_origin(one) is tuple), ways[0]), value)
    plain = [one for one in ways if not is_dataclass(one) or one in _OWN]
    literal = [one for one in plain if get_origin(one) is Literal and value in get_args(one)]
    return _convert((literal or plain)[0], value)


def _item(wanted: Any, key: str, value: Any) -> Any:
    if wanted not in _NAMED:
        return _convert(wanted, value)
    given = {"type": value} if isinstance(value, str) else value
    return _convert(wanted, {**given, "name": key})


def _build(cls: type, given: Mapping[str, Any]) -> Any:
    types = hints(cls)
    values = {}
    for one in fields(cls):
        key = key_of(one.name)
        if one.init and key in given:
            values[one.name] = _convert(types[one.name], given[key])
        elif one.init and one.default is MISSING and one.default_factory is MISSING:
            values[one.name] = None
    return cls(**values)


def _keys(cls: Any) -> set[str]:
    return {key_of(one.name) for one in fields(cls)}


def _auth(value: dict[str, Any]) -> Any:
    return _build(_AUTH[value["type"]], value)


def _request(value: dict[str, Any]) -> dict[str, Any]:
    carries = value.keys() & {"body", "form", "graphql"}
    return {"method": "POST" if carries else "GET", **value}


def _writing(value: dict[str, Any]) -> dict[str, Any]:
    """A create or update without a body sends every mapped field."""
    request = value["request"]
    carries = request.keys() & {"body", "form", "graphql"}
    if carries or request.get("method") not in ("POST", "PUT", "PATCH"):
        return value
    return {**value, "request": {**request, "body": {"$fields": "record"}}}


def _field(value: dict[str, Any]) -> dict[str, Any]:
    return {"at": [value["name"]], **value}


def _cursor(value: dict[str, Any]) -> dict[str, Any]:
    overlap = {"overlap_s": _DAY_S} if value["grain"] == "day" else {}
    start = {"start": None} if value.get("start") == "none" else {}
    return {**overlap, **value, **start}


def _pages(value: dict[str, Any]) -> dict[str, Any]:
    return {"start": _FIRST_PAGE.get(value["type"], 0), **value}


def _error(value: dict[str, Any]) -> dict[str, Any]:
    return {"done": "maybe" if value["kind"] == "transient" else "no", **value}


def _query_value(value: Any) -> Template | tuple[Template, ...]:
    if isinstance(value, list):
        return tuple(Template(str(item)) for item in value)
    return Template(_word(value))


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _event_id(value: Any) -> Any:
    if value == "body_digest":
        return value
    if isinstance(value, dict):
        return Header(**value)
    several = paths_of(value)
    return several if len(several) > 1 else several[0]


def _next(value: Any) -> Any:
    if isinstance(value, dict):
        return LastRecord(path_of(value["last"])) if "last" in value else Header(**value)
    return path_of(value)


def _from(value: Any) -> Any:
    return Header(**value) if isinstance(value, dict) else path_of(value)


_OWN: dict[Any, Callable[[Any], Any]] = {
    Path: path_of,
    From: _from,
    From | None: _from,
    Template: lambda value: Template(_word(value)),
    Body: Body,
    spec_auth.Auth: _auth,
    tuple[Path, ...]: paths_of,
    Template | tuple[Template, ...]: _query_value,
    hints(Create)["id"]: lambda value: value if value == "given" else _from(value),
    hints(spec.Webhooks)["id"]: _event_id,
    hints(Pages)["next"]: _next,
    Stop: lambda value: Stop() if value == "short" else _stop(value),
    hints(Step)["each"]: name_of,
}
_PREPARE: dict[Any, Callable[[dict[str, Any]], Mapping[str, Any]]] = {
    Request: _request,
    Create: _writing,
    Update: _writing,
    Field: _field,
    Cursor: _cursor,
    Pages: _pages,
    spec.ErrorRule: _error,
}


def _stop(value: dict[str, Any]) -> Stop:
    return Stop(**{key: path_of(path) for key, path in value.items()})
