"""A strict reader of YAML: plain values, and the line on which each of them stands.

Only `true`, `false`, `null`, whole numbers of up to 18 digits and plain decimals (as Decimal, never
as a float) are not text. So `NO`, `0400`, `12:30`, `1e3` and `2026-11-03` stay what was written.
Anchors, aliases, tags, merge keys and keys that stand twice are refused, and so are texts that
are too long, too deep or too full, before anything is built.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NoReturn, TypeAlias

import yaml

MOST_BYTES, MOST_DEPTH, MOST_EVENTS = 262_144, 30, 20_000

Value: TypeAlias = "bool | int | Decimal | str | list[Value] | dict[str, Value] | None"

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,19})\.[0-9]{1,20}\Z", re.ASCII)
_UNFIT = re.compile("[\0\ud800-\udfff]")
_WORDS = {"true": True, "false": False, "null": None, "": None}


class YamlError(Exception):
    """The text is not YAML of the kind that is read here. Says file and line."""

    def __init__(self, name: str, line: int, text: str) -> None:
        super().__init__(f"{name}:{line}: {text}")
        self.name = name
        self.line = line
        self.text = text


class Lines(dict[tuple[str | int, ...], int]):
    """The line (from 1) of each path, as ("streams", "bills", "key")."""

    def near(self, path: Sequence[str | int]) -> int:
        """The line of the path, or of the nearest thing above it that is there."""
        at = tuple(path)
        while at and at not in self:
            at = at[:-1]
        return self.get(at, 1)


def read(text: str, name: str) -> tuple[Value, Lines]:
    """The value of a YAML text and the lines of its parts. `name` stands in the errors.

    Raises YamlError, and nothing else, for every text that it does not take.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise YamlError(name, 1, f"the file is larger than {MOST_BYTES // 1024} kB")
    return _Reader(text, name).document()


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.events = self._checked(text)
        self.lines = Lines()

    def document(self) -> tuple[Value, Lines]:
        next(self.events)
        if isinstance(next(self.events), yaml.StreamEndEvent):
            raise YamlError(self.name, 1, "the file is empty")
        value = self._build(next(self.events), ())
        next(self.events)
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._refuse(after.start_mark, 'a second document starts here ("---")')
        return value, self.lines

    def _checked(self, text: str) -> Iterator[yaml.Event]:
        depth = 0
        try:
            for count, event in enumerate(yaml.parse(text, Loader=yaml.BaseLoader)):
                depth += isinstance(event, yaml.CollectionStartEvent)
                depth -= isinstance(event, yaml.CollectionEndEvent)
                if depth > MOST_DEPTH:
                    self._refuse(event.start_mark, f"nested more than {MOST_DEPTH} deep")
                if count > MOST_EVENTS:
                    self._refuse(event.start_mark, f"more than {MOST_EVENTS} values in one file")
                if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                    self._refuse(event.start_mark, "anchors and aliases are not allowed")
                if getattr(event, "tag", None):
                    self._refuse(event.start_mark, "tags are not allowed")
                yield event
        except yaml.MarkedYAMLError as error:
            if error.problem == "found unexpected end of stream":
                self._refuse(error.context_mark, "a quote that opens here is never closed")
            self._refuse(error.problem_mark or error.context_mark, error.problem or "not YAML")
        except (yaml.YAMLError, ValueError, OverflowError):
            line = 1 + text.count("\n", 0, _first_unprintable(text))
            raise YamlError(self.name, line, "a character that a text can't hold") from None

    def _build(self, event: yaml.Event, path: tuple[str | int, ...]) -> Value:
        self.lines[path] = _line(event.start_mark)
        if isinstance(event, yaml.ScalarEvent):
            if _UNFIT.search(event.value):
                self._refuse(event.start_mark, "a character that a text can't hold")
            return event.value if event.style else scalar(event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Value] = []
            while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
                items.append(self._build(event, (*path, len(items))))
            return items
        out: dict[str, Value] = {}
        while not isinstance(key := next(self.events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                self._refuse(
                    key.start_mark, 'a key must be a plain text; write "{{ name }}" in quotes'
                )
            if key.value == "<<":
                self._refuse(key.start_mark, "merge keys are not allowed")
            if key.value in out:
                self._refuse(key.start_mark, f'"{key.value}" stands here twice')
            child = (*path, key.value)
            out[key.value] = self._build(next(self.events), child)
            self.lines[child] = _line(key.start_mark)
        return out

    def _refuse(self, mark: Any, text: str) -> NoReturn:
        raise YamlError(self.name, _line(mark), text)


def _line(mark: Any) -> int:
    return int(mark.line) + 1 if mark else 1


def scalar(text: str) -> Value:
    """The value of a plain (unquoted) text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return Decimal(text) if _DECIMAL.match(text) else text


def _first_unprintable(text: str) -> int:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return found.start() if found else 0
