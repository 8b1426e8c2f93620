"""Cross-checks of objects and fields: what one part of an object says must hold in the others."""

import json
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, get_args

from connector.systems.spec_fields import BooleanForm, DateForm, DatetimeForm, NumberForm

Where = tuple[str | int, ...]
Found = Iterator[tuple[Where, str]]

_PLACES = {"header": "headers", "query": "query", "body": "body"}
_WRITING = ("create", "update", "void")
_TEXTS = ("text", "enum", "currency", "country", "email", "url", "id")
_NUMBERS = ("integer", "decimal", "money")
_FAMILY = {**dict.fromkeys(_TEXTS, "text"), **dict.fromkeys(_NUMBERS, "number")}
_NUMBER_FORMS = tuple(form for form in get_args(NumberForm) if form != "minor")
_FORMS: Mapping[str, tuple[str, ...]] = {
    "decimal": _NUMBER_FORMS,
    "money": get_args(NumberForm),
    "date": get_args(DateForm),
    "datetime": get_args(DatetimeForm),
    "boolean": get_args(BooleanForm),
    "id": ("text", "number"),
}


def check(document: dict[str, Any]) -> Found:
    """Each disagreement inside the objects and field lists."""
    streams, objects = document.get("streams", {}), document.get("objects", {})
    for kind in ("streams", "objects"):
        for name, block in document.get(kind, {}).items():
            yield from _fields(block.get("fields", {}), (kind, name, "fields"), document, {})
    for name, block in objects.items():
        at = ("objects", name)
        yield from _places(block["fields"], (*at, "fields"))
        yield from _names(block, at, streams, objects)
        yield from _find(block, at, streams)
        yield from _idempotency(block, at)
        yield from _reads_back(block, at, streams)
        yield from _steps(block, at)
    yield from _order(objects)


def _fields(
    fields: dict[str, Any], at: Where, document: dict[str, Any], outer: dict[str, Any]
) -> Found:
    streams, objects = document.get("streams", {}), document.get("objects", {})
    known = {**outer, **fields}
    for name, field in fields.items():
        if not isinstance(field, dict):
            continue
        here = (*at, name)
        if "to" in field and field["to"] not in streams and field["to"] not in objects:
            yield (*here, "to"), f'no stream or object "{field["to"]}"'
        codes = field.get("codes", {}).get("stream")
        if codes is not None and codes not in streams:
            yield (*here, "codes", "stream"), f'no stream "{codes}"'
        currency = field.get("currency", "")
        if currency.islower() and currency not in known:
            yield (*here, "currency"), f'no field "{currency}"'
        forms = _FORMS.get(field["type"], ())
        if "wire" in field and field["wire"] not in forms:
            has = ", ".join(forms) if forms else "no form of its own"
            yield (*here, "wire"), f"a field of type {field['type']} has {has}"
        columns = field.get("fields", {})
        for key, place in (("of", columns), ("equals", known)):
            if "sum" in field and field["sum"][key] not in place:
                yield (*here, "sum", key), f'no field "{field["sum"][key]}"'
        if field.get("least", 0) > field.get("most", 2000):
            yield (*here, "least"), 'must not be above "most"'
        yield from _fields(columns, (*here, "fields"), document, known)


def _places(fields: dict[str, Any], at: Where) -> Found:
    """Two fields that are written to one place, or one into the other."""
    for verb in ("create", "update"):
        taken: dict[Where, str] = {}
        for name, field in fields.items():
            if isinstance(field, dict) and field.get("write", "both") not in ("both", verb):
                continue
            taken.setdefault(place := _place(name, field), name)
            if taken[place] != name:
                yield (*at, name), f'lies at the same place as "{taken[place]}"'
        for place, name in taken.items():
            over = next((taken[up] for up in _above(place) if up in taken), None)
            if over is not None:
                yield (*at, name), f'lies inside of "{over}"'
    for name, field in fields.items():
        if isinstance(field, dict) and "fields" in field:
            yield from _places(field["fields"], (*at, name, "fields"))


def _above(place: Where) -> Iterator[Where]:
    return (place[:length] for length in range(1, len(place)))


def _names(
    block: dict[str, Any], at: Where, streams: dict[str, Any], objects: dict[str, Any]
) -> Found:
    stream = block.get("stream")
    if stream is not None and stream not in streams:
        yield (*at, "stream"), f'no stream "{stream}"'
    for number, name in enumerate(block.get("match", ())):
        if name not in block["fields"]:
            yield (*at, "match", number), f'no field "{name}"'
    for number, name in enumerate(block.get("order_after", ())):
        if name not in objects:
            yield (*at, "order_after", number), f'no object "{name}"'


def _find(block: dict[str, Any], at: Where, streams: dict[str, Any]) -> Found:
    read = streams.get(block.get("stream", ""), {}).get("fields", {})
    types = {_place(name, field): _type(field) for name, field in read.items()}
    for name, path in block.get("find", {}).get("compare", {}).items():
        here = (*at, "find", "compare", name)
        if name not in block["fields"]:
            yield here, f'no field "{name}"'
            continue
        ours = _type(block["fields"][name])
        theirs = types.get(tuple(path) if isinstance(path, list) else (path,), ours)
        if ours in ("list", "any"):
            yield here, f"a field of type {ours} can't be compared"
        elif theirs != "any" and _FAMILY.get(ours, ours) != _FAMILY.get(theirs, theirs):
            yield here, f'"{name}" is of type {ours}, but the stream reads {theirs} there'


def _idempotency(block: dict[str, Any], at: Where) -> Found:
    rule, create = block["idempotency"], block.get("create")
    if create is None:
        return
    request, here = create["request"], (*at, "create", "request")
    kind = rule["kind"]
    if kind in _PLACES and not _mentions(_sent(request, rule), "key"):
        yield here, f'"{{{{ key }}}}" is not sent in the {kind}, under "{_dotted(rule["name"])}"'
    if kind == "upsert" and not _mentions(json.dumps(request, default=str), "external_id"):
        yield here, '"{{ external_id }}" is not in the address'


def _sent(request: dict[str, Any], rule: dict[str, Any]) -> Any:
    """What the request sends where the idempotency key is due."""
    if rule["kind"] == "header":
        headers = {key.lower(): value for key, value in request.get("headers", {}).items()}
        return headers.get(rule["name"].lower())
    if rule["kind"] == "query":
        return request.get("query", {}).get(rule["name"])
    name = rule["name"]
    node = request.get("body", request.get("form", request.get("variables", {})))
    for key in name if isinstance(name, list) else (name,):
        fits = isinstance(node, dict) and isinstance(key, str)
        node = node.get(key) if fits else None
    return node


def _mentions(sent: Any, name: str) -> bool:
    return isinstance(sent, str) and bool(re.search(r"\{\{\s*" + name + r"\b", sent))


def _reads_back(block: dict[str, Any], at: Where, streams: dict[str, Any]) -> Found:
    """Steps are taken up again, and versions compared, by reading the record back."""
    if "read" in block or "one" in streams.get(block.get("stream", ""), {}):
        return
    for verb in _WRITING:
        if block.get(verb, {}).get("read_first"):
            yield (*at, verb, "read_first"), 'needs "read" here or "one" in the stream'
        if block.get(verb, {}).get("then"):
            yield (*at, verb, "then"), 'steps need "read" here or "one" in the stream'
        if block.get(verb, {}).get("merge") == "read":
            yield (*at, verb, "merge"), 'needs "read" here or "one" in the stream'


def _steps(block: dict[str, Any], at: Where) -> Found:
    """A step that was made but not noted is told by the record, never made twice."""
    for verb in _WRITING:
        for number, step in enumerate(block.get(verb, {}).get("then", ())):
            if not ("skip_when" in step or {"each", "already"} <= step.keys()):
                yield (*at, verb, "then", number), 'needs "skip_when", or "each" with "already"'


def _order(objects: dict[str, Any]) -> Found:
    graph = {name: set(block.get("order_after", ())) for name, block in objects.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring = error.args[1][:0:-1]
        first = ring.index(min(ring))
        way = " → ".join([*ring[first:], *ring[: first + 1]])
        yield ("objects", ring[first], "order_after"), f"goes round in a ring: {way}"


def _type(field: Any) -> str:
    return str(field["type"] if isinstance(field, dict) else field)


def _place(name: str, field: Any) -> Where:
    at = field.get("at", name) if isinstance(field, dict) else name
    return tuple(at) if isinstance(at, list) else (at,)


def _dotted(name: Any) -> str:
    return ".".join(map(str, name)) if isinstance(name, list) else str(name)
