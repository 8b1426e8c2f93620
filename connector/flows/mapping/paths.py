"""Paths: the grammar of JMESPath, a checked part of it, read so that no null is lost.

`amount`, `supplier.id`, `lines[].amount`, `tax[0].title`, `"[a, b]"`. Plain ones become closures
of our own; the rest is walked by JMESPath's own interpreter. One deviation, on purpose: JMESPath
drops nulls from a projection, so a line without an amount would be missing from a sum unseen. Here
it stays in as null. A list that is missing inside a list of lists counts as empty.

Other bases: `$record`, `$out`, `$source`, `$destination`, `$run`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jmespath import exceptions, parser, visitor

from connector.flows.mapping.errors import bad_value
from connector.flows.mapping.scope import Scope

MAX_CHARACTERS = 300
MAX_LEVELS = 20
FUNCTIONS = frozenset(
    {
        *("length", "keys", "values", "not_null", "contains"),
        *("starts_with", "ends_with", "reverse", "join", "type"),
    }
)
BASES = ("record", "out", "source", "destination", "run")

Node = dict[str, Any]
Get = Callable[[Any], Any]
Read = Callable[[Scope], Any]


class PathError(Exception):
    """A path that is refused; the text says why."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path. `base` is "" for the current item; `tree` is None for the base itself."""

    text: str
    base: str
    tree: Node | None
    read: Read


def compile_path(text: object) -> Path:
    """Compile one path. Raises PathError: grammar, limits of size, functions, fractions."""
    if not isinstance(text, str) or not text.strip():
        raise PathError("a path is a text such as supplier.id")
    if len(text) > MAX_CHARACTERS:
        raise PathError(f"the path is longer than {MAX_CHARACTERS} characters")
    base, rest = _split_base(text.strip())
    tree = _parse(rest) if rest else None
    get = _closure(tree) if tree else _same
    return Path(text, base, tree, _reader(base, get))


def _split_base(text: str) -> tuple[str, str]:
    if not text.startswith("$"):
        return "", text
    name = next((base for base in BASES if _starts(text[1:], base)), None)
    if name is None:
        raise PathError(f'unknown base in "{text}"; bases: ' + ", ".join(f"${b}" for b in BASES))
    return name, text[1 + len(name) :].removeprefix(".")


def _starts(text: str, base: str) -> bool:
    return text.startswith(base) and text[len(base) : len(base) + 1] in ("", ".", "[")


def _parse(text: str) -> Node:
    try:
        tree: Node = parser.Parser().parse(text).parsed
    except exceptions.EmptyExpressionError:
        raise PathError("the path is empty") from None
    except (exceptions.JMESPathError, ValueError, IndexError, RecursionError) as error:
        at = getattr(error, "lex_position", None)
        place = f" at character {at + 1}" if isinstance(at, int) else ""
        raise PathError(f'"{text}" is not a path{place}') from None
    _check(tree, 1)
    return tree


def _check(node: Node, level: int) -> None:
    if level > MAX_LEVELS:
        raise PathError(f"the path is nested deeper than {MAX_LEVELS} levels")
    if node["type"] == "function_expression" and node["value"] not in FUNCTIONS:
        raise PathError(f"{node['value']}() is not available; use calc or a transform for totals")
    if node["type"] == "expref":
        raise PathError("& is not available in a path")
    if node["type"] == "literal" and _has_fraction(node["value"]):
        raise PathError("a number with a fraction can't stand in a path: it would be a float")
    chained = node["type"] in ("subexpression", "index_expression")
    for number, child in enumerate(node.get("children", ())):
        if isinstance(child, dict):
            # The grammar puts a.b.c into one node: each key of it is a level all the same.
            _check(child, level + (number if chained else 1))


def _has_fraction(value: object) -> bool:
    match value:
        case list():
            return any(_has_fraction(each) for each in value)
        case dict():
            return any(_has_fraction(each) for each in value.values())
    return isinstance(value, float)


def _same(value: Any) -> Any:
    return value


def _reader(base: str, get: Get) -> Read:
    match base:
        case "":
            return lambda scope: get(scope.item)
        case "record":
            return lambda scope: get(scope.record)
        case "out":
            return lambda scope: get(scope.out)
        case "source":
            return lambda scope: get(scope.run.source)
        case "destination":
            return lambda scope: get(scope.run.destination)
    return lambda scope: get(scope.run.as_values())


def _closure(node: Node) -> Get:
    """Our own closure for a plain path, else the interpreter."""
    keys = plain_keys(node)
    if keys is not None:
        return _chain(keys)
    if node["type"] == "projection" and node["children"][0]["type"] == "flatten":
        source = plain_keys(node["children"][0]["children"][0])
        item = [] if node["children"][1]["type"] == "identity" else plain_keys(node["children"][1])
        if source is not None and item is not None:
            return _each(_chain(source), _chain(item))
    return _interpreted(node)


def plain_keys(node: Node) -> list[str] | None:
    """The keys of a path like a.b.c, or None for any other path."""
    if node["type"] == "field":
        return [node["value"]]
    if node["type"] == "subexpression":
        keys: list[str] = []
        for child in node["children"]:
            below = plain_keys(child)
            if below is None:
                return None
            keys += below
        return keys
    return None


def _chain(keys: list[str]) -> Get:
    if len(keys) == 1:
        (only,) = keys
        return lambda value: value.get(only) if hasattr(value, "get") else None

    def get(value: Any) -> Any:
        for key in keys:
            if not hasattr(value, "get"):
                return None
            value = value.get(key)
        return value

    return get


def _each(source: Get, item: Get) -> Get:
    def get(value: Any) -> Any:
        rows = source(value)
        if not isinstance(rows, list):
            return None
        flat: list[Any] = []
        for row in rows:
            flat.extend(row) if isinstance(row, list) else flat.append(row)
        return [item(row) for row in flat]

    return get


class _Interpreter(visitor.TreeInterpreter):  # type: ignore[misc]
    """JMESPath's interpreter with nulls kept in projections."""

    def visit_projection(self, node: Node, value: Any) -> list[Any] | None:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        return [self.visit(node["children"][1], each) for each in base]

    def visit_filter_projection(self, node: Node, value: Any) -> list[Any] | None:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        kept = [each for each in base if self._is_true(self.visit(node["children"][2], each))]
        return [self.visit(node["children"][1], each) for each in kept]

    def visit_flatten(self, node: Node, value: Any) -> list[Any] | None:
        below = node["children"][0]
        base = self.visit(below, value)
        if not isinstance(base, list):
            return None
        nested = below["type"] in ("projection", "filter_projection", "value_projection")
        flat: list[Any] = []
        for each in base:
            if isinstance(each, list):
                flat.extend(each)
            elif each is not None or not nested:
                flat.append(each)
        return flat


def _interpreted(node: Node) -> Get:
    interpreter = _Interpreter()

    def get(value: Any) -> Any:
        try:
            return interpreter.visit(node, value)
        except (exceptions.JMESPathError, TypeError, ValueError):
            raise bad_value("The path does not fit what stands in the record.") from None

    return get
