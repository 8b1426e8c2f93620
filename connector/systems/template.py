"""The small template language: `{{ name }}` and `{{ name | pipe | pipe: argument }}`, no more.

Alone in a text a template gives the typed value, written as the system wants it; with text round
it, text. A missing name is an error, unless `optional` drops the whole text or `default` fills in.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from connector.systems import path, pipes
from connector.systems.condition import Condition
from connector.systems.errors import Kind, SystemFailure
from connector.systems.path import MISSING
from connector.systems.scope import Scope
from connector.systems.spec_fields import Field
from connector.systems.wire import fields

_QUOTES = ("'", '"')
_NAME = re.compile(r"[a-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*\Z", re.ASCII)
_KEEPS_TYPE = ("optional", "default")
_OF_THE_RECORD = ("record", "line", "tax", "item", "part")


class TemplateError(ValueError):
    """A text is not a template; the words say what would be right."""


class _Drop:
    """The whole key is left out: an optional name is missing."""

    def __repr__(self) -> str:
        return "DROP"


DROP: Final = _Drop()


@dataclass(frozen=True, slots=True)
class Pipe:
    name: str
    argument: str = ""
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """One `{{ … }}`."""

    name: tuple[str, ...]
    pipes: tuple[Pipe, ...] = ()

    @property
    def dotted(self) -> str:
        return ".".join(self.name)

    def has(self, pipe: str) -> bool:
        return any(step.name == pipe for step in self.pipes)


@dataclass(frozen=True, slots=True)
class Template:
    """A text, parsed once. Raises TemplateError if it is not a template."""

    text: str
    pieces: tuple[str | Slot, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pieces", tuple(_parse(self.text)))

    @property
    def slots(self) -> tuple[Slot, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Slot))

    @property
    def optional(self) -> bool:
        """Whether rendering may give DROP."""
        return any(slot.has("optional") and not slot.has("default") for slot in self.slots)


def render(template: Template, scope: Scope) -> Any:
    """The typed, written value if the template stands alone, else text; or DROP.

    Raises SystemFailure: refused for what a record lacks, config for everything else.
    """
    if len(template.pieces) == 1 and isinstance(slot := template.pieces[0], Slot):
        value, of = _value(slot, scope)
        if value is DROP:
            return DROP
        if of is None:
            return fields.write_plain(value, scope)
        return fields.write(value, of, scope, _row(slot, scope))
    return render_text(template, scope)


def render_text(template: Template, scope: Scope, encode: Callable[[str], str] = str) -> Any:
    """Always text (or DROP). `encode` is applied to the values, not to the text between them."""
    out: list[str] = []
    for piece in template.pieces:
        if isinstance(piece, str):
            out.append(piece)
            continue
        value, of = _value(piece, scope)
        if value is DROP:
            return DROP
        out.append(encode(_as_text(value, of, piece, scope)))
    return "".join(out)


def settle(condition: Condition, scope: Scope) -> Condition:
    """The condition with the value of its template in place of the template."""
    if not isinstance(condition.is_, str) or "{{" not in condition.is_:
        return condition
    return replace(condition, is_=render_text(Template(condition.is_), scope))


def _value(slot: Slot, scope: Scope) -> tuple[Any, Field | None]:
    """The value after all pipes, and its field while it still has the field's type."""
    value, of = scope.find(slot.name), scope.field(slot.name)
    for step in slot.pipes:
        if value is MISSING:
            if step.name == "default":
                value, of = pipes.default(step.argument, step.quoted), None
            continue
        if step.name in _KEEPS_TYPE:
            continue
        try:
            value, of = pipes.PIPES[step.name](value, step.argument, scope), None
        except (ValueError, TypeError, OverflowError) as error:
            raise _failure(slot, f'{_what(slot)} {error} (for "| {step.name}").') from None
    if value is not MISSING:
        return value, of
    if slot.has("optional"):
        return DROP, None
    raise _missing(slot, scope)


def _as_text(value: Any, of: Field | None, slot: Slot, scope: Scope) -> str:
    if of is None:
        written = fields.write_plain(value, scope)
    else:
        written = fields.write(value, of, scope, _row(slot, scope))
    try:
        return pipes.text(value if isinstance(written, dict) else written)
    except ValueError:
        problem = 'is a list or an object, which a text can\'t hold; use "| join" or "| json"'
        raise _failure(slot, f"{_what(slot)} {problem}.") from None


def _row(slot: Slot, scope: Scope) -> Mapping[str, Any]:
    """What stands beside a field: its currency may."""
    row = path.find(scope.names, slot.name[:-1])
    return row if isinstance(row, Mapping) else {}


def _missing(slot: Slot, scope: Scope) -> SystemFailure:
    if slot.name[0] in _OF_THE_RECORD:
        text = f"{_what(slot)} is needed by {scope.system} but the mapping gave none."
    else:
        text = f"{_what(slot)} is needed for a call to {scope.system} but is missing."
    return _failure(slot, text)


def _what(slot: Slot) -> str:
    root, *rest = slot.name
    kind = {"settings": "setting", "credential": "part of the credential"}.get(root)
    if root in _OF_THE_RECORD and rest:
        kind = "field"
    return f'The {kind} "{".".join(rest)}"' if kind else f'"{slot.dotted}"'


def _failure(slot: Slot, text: str) -> SystemFailure:
    of_config = slot.name[0] in ("settings", "credential", "auth", "hook", "cursor", "page")
    return SystemFailure(Kind.CONFIG if of_config else Kind.REFUSED, text)


def _parse(text: str) -> Iterator[str | Slot]:
    if "{%" in text or "{#" in text:
        raise TemplateError('only "{{ name | pipe }}" is known here, no "{% %}" and no "{# #}"')
    end = 0
    while (start := text.find("{{", end)) >= 0:
        stop = text.find("}}", start)
        if stop < 0:
            raise TemplateError('"{{" without "}}"')
        if text[start - 1 : start] in _QUOTES or text[stop + 2 : stop + 3] in _QUOTES:
            raise TemplateError(
                f'"{text[start : stop + 2]}" stands between quotes: '
                'use "| sql", "| odata" or "| quote"'
            )
        if start > end:
            yield text[end:start]
        yield _slot(text[start + 2 : stop].strip())
        end = stop + 2
    if end < len(text) or not text:
        yield text[end:]


def _slot(inner: str) -> Slot:
    name, *steps = (part.strip() for part in inner.split("|"))
    if not _NAME.match(name):
        raise TemplateError(
            f'unknown name "{name}"; a template is a name and pipes, without operators or indexes'
        )
    return Slot(tuple(name.split(".")), tuple(map(_pipe, steps)))


def _pipe(step: str) -> Pipe:
    name, colon, argument = (part.strip() for part in step.partition(":"))
    quoted = len(argument) >= 2 and argument[0] == argument[-1] and argument[0] in "'\""
    argument = argument[1:-1] if quoted else argument
    problem = pipes.wrong(name, argument if colon else None)
    if problem:
        raise TemplateError(problem)
    return Pipe(name, argument, quoted)
