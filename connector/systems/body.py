"""Bodies: values with templates and the directives $fields $each $if $json, compiled once.

A body is made from values, never from text, so nothing in a record can change its shape.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.systems.path import MISSING, find, present
from connector.systems.scope import Scope
from connector.systems.spec_fields import NOTHING
from connector.systems.template import DROP, Template, TemplateError, render
from connector.systems.wire import jsontext
from connector.systems.wire.fields import refused, write_all

LOOPS = ("line", "tax", "item", "part")
_SIDES = {"$each": {"$item", "$as"}, "$if": {"$then", "$else"}, "$json": set[str]()}

_Render = Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class Body:
    """A compiled body. Raises TemplateError if the source is not one."""

    source: Any
    make: _Render = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "make", _compile(self.source))


def render_body(body: Body, scope: Scope) -> Any:
    """The body's value in JSON's types and Decimals, or DROP if nothing of it is left.

    Raises SystemFailure as templates do.
    """
    return body.make(scope)


def _compile(node: Any) -> _Render:
    if isinstance(node, str):
        template = Template(node)
        return (lambda scope: render(template, scope)) if template.slots else (lambda _: node)
    if isinstance(node, list):
        items = [_compile(item) for item in node]
        return lambda scope: [made for make in items if (made := make(scope)) is not DROP]
    if isinstance(node, dict):
        return _compile_object(node)
    return lambda _: node


def _compile_object(node: dict[str, Any]) -> _Render:
    for word, sides in _SIDES.items():
        if word in node:
            stray = node.keys() - sides - {word}
            if stray:
                raise TemplateError(f'"{min(stray)}" can\'t stand beside "{word}"')
            return _DIRECTIVES[word](node)
    unknown = [key for key in node if key.startswith("$") and key in _WORDS]
    if unknown:
        raise TemplateError(f'"{unknown[0]}" stands without its "$each" or "$if"')
    fields_of = node.get("$fields")
    parts = {key: _compile(value) for key, value in node.items() if key != "$fields"}

    def make(scope: Scope) -> Any:
        out = _fields(fields_of, scope) if fields_of else {}
        made = ((key, part(scope)) for key, part in parts.items())
        return _merged(out, {key: value for key, value in made if value is not DROP})

    return make


def _fields(root: str, scope: Scope) -> dict[str, Any]:
    values = find(scope.names, (root,))
    if not isinstance(values, Mapping):
        raise refused(f'"{root}" has no fields, which {scope.system} needs.')
    try:
        return write_all(values, scope.fields.get(root, NOTHING), scope)
    except ValueError as error:
        raise refused(f"The fields of {scope.system} don't fit together: {error}.") from None


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(under.get(key), dict)
        under[key] = _merged(under[key], value) if both else value
    return under


def _each(node: dict[str, Any]) -> _Render:
    name = name_of(node["$each"])
    loop = node.get("$as", "line")
    item = _compile(node.get("$item", {"$fields": loop}))

    def make(scope: Scope) -> Any:
        values = scope.find(name)
        if values is MISSING:
            return DROP
        if not isinstance(values, list | tuple):
            raise refused(f'"{".".join(name)}" is not a list, which {scope.system} needs.')
        inner = scope.items(name)
        made = (item(scope.inside(loop, value, inner)) for value in values)
        return [value for value in made if value is not DROP]

    return make


def _if(node: dict[str, Any]) -> _Render:
    if "$then" not in node:
        raise TemplateError('"$if" needs "$then"')
    name = name_of(node["$if"])
    then = _compile(node["$then"])
    other = _compile(node["$else"]) if "$else" in node else lambda _: DROP
    return lambda scope: (then if present(scope.find(name)) else other)(scope)


def _json(node: dict[str, Any]) -> _Render:
    inner = _compile(node["$json"])

    def make(scope: Scope) -> Any:
        value = inner(scope)
        return DROP if value is DROP else jsontext.encode(value).decode()

    return make


_DIRECTIVES: dict[str, Callable[[dict[str, Any]], _Render]] = {
    "$each": _each,
    "$if": _if,
    "$json": _json,
}
_WORDS = {"$item", "$as", "$then", "$else"}


def name_of(text: Any) -> tuple[str, ...]:
    """The bare name after `$each`, `$if`, `each` or `if`. Raises TemplateError."""
    bare = isinstance(text, str) and not any(mark in text for mark in "{|}")
    slots = Template("{{ " + text + " }}").slots if bare else ()
    if not slots:
        raise TemplateError("here stands a bare name, as record.lines, without {{ }}")
    return slots[0].name
