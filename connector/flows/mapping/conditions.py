"""Conditions of `filter` and `when`: `[path, op, constant]`, `all`, `any`, `not`; a list = all.

A value of another kind than the constant is held as `bad_value`: it is not silently false.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connector.flows.mapping.decimals import named, parse_number, to_decimal
from connector.flows.mapping.errors import HeldError, bad_value
from connector.flows.mapping.paths import Path, PathError, Read, compile_path
from connector.flows.mapping.scope import Scope

Holds = Callable[[Scope], bool]
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}
OPS = ("is", "is_not", "in", "not_in", *ORDER, "empty", "filled", "starts_with")
MAX_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Test:
    """One `[path, op, constant]`, kept for the static check."""

    __test__ = False

    path: Path
    op: str
    constant: object


@dataclass(frozen=True, slots=True)
class Condition:
    holds: Holds
    tests: tuple[Test, ...]


def compile_condition(node: Any, level: int = 1) -> Condition:
    """Compile a condition. Raises PathError with what is wrong."""
    if level > MAX_DEPTH:
        raise PathError(f"the condition is nested deeper than {MAX_DEPTH} levels")
    match node:
        case [str(), *_]:
            return _leaf(list(node))
        case []:
            raise PathError("the condition is empty")
        case list():
            return _all([compile_condition(each, level + 1) for each in node])
        case {"all": list() as parts} if len(node) == 1 and parts:
            return _all([compile_condition(each, level + 1) for each in parts])
        case {"any": list() as parts} if len(node) == 1 and parts:
            return _any([compile_condition(each, level + 1) for each in parts])
        case {"not": inner} if len(node) == 1:
            below = compile_condition(inner, level + 1)
            return Condition(lambda scope: not below.holds(scope), below.tests)
    raise PathError("a condition is [path, op, constant], {all: []}, {any: []} or {not: ...}")


def _all(parts: list[Condition]) -> Condition:
    checks = [part.holds for part in parts]
    tests = tuple(test for part in parts for test in part.tests)
    return Condition(lambda scope: all(check(scope) for check in checks), tests)


def _any(parts: list[Condition]) -> Condition:
    checks = [part.holds for part in parts]
    tests = tuple(test for part in parts for test in part.tests)
    return Condition(lambda scope: any(check(scope) for check in checks), tests)


def _leaf(node: list[Any]) -> Condition:
    if len(node) < 2 or node[1] not in OPS:
        raise PathError("a condition is [path, op, constant]; ops: " + " ".join(OPS))
    path, op, rest = compile_path(node[0]), node[1], node[2:]
    wanted = 0 if op in ("empty", "filled") else 1
    if len(rest) != wanted:
        raise PathError(f"{op} takes {'no constant' if wanted == 0 else 'one constant'}")
    constant = rest[0] if rest else None
    _check_constant(op, constant)
    return Condition(_test(path.read, op, constant), (Test(path, op, constant),))


def _check_constant(op: str, constant: object) -> None:
    if op in ("in", "not_in"):
        if not isinstance(constant, list) or not constant:
            raise PathError(f"{op} takes a list of constants")
        for each in constant:
            _check_constant("is", each)
    elif isinstance(constant, list | dict | float):
        raise PathError(f"{op} takes a text, a number, true, false or null")
    elif op in ORDER and (constant is None or isinstance(constant, bool)):
        raise PathError(f"{op} takes a number or a text")
    elif op == "starts_with" and not isinstance(constant, str):
        raise PathError("starts_with takes a text")


def _test(read: Read, op: str, constant: Any) -> Holds:
    match op:
        case "empty":
            return lambda scope: is_empty(read(scope))
        case "filled":
            return lambda scope: not is_empty(read(scope))
        case "is":
            return lambda scope: _equal(read(scope), constant)
        case "is_not":
            return lambda scope: not _equal(read(scope), constant)
        case "in":
            return lambda scope: _member(read(scope), constant)
        case "not_in":
            return lambda scope: not _member(read(scope), constant)
        case "starts_with":
            return lambda scope: _starts(read(scope), constant)
    compare = ORDER[op]
    return lambda scope: _ordered(read(scope), constant, compare)


def is_empty(value: object) -> bool:
    """Null, an empty text, an empty list or an empty object."""
    return value is None or value == "" or value == [] or value == {}


def _member(value: Any, constants: list[Any]) -> bool:
    # Kinds may be mixed in the list: only a value that fits none of them is held.
    fitting = [each for each in constants if _is_null(value, each) or _fits(value, each)]
    if not fitting:
        raise bad_value(f"{named(value)} is of another kind than the list it is compared with.")
    return any(_equal(value, each) for each in fitting)


def _fits(value: Any, constant: Any) -> bool:
    try:
        _alike(value, constant)
    except HeldError:
        return False
    return True


def _equal(value: Any, constant: Any) -> bool:
    if _is_null(value, constant) or constant is None:
        return _is_null(value, constant) and constant is None
    left, right = _alike(value, constant)
    return bool(left == right)


def _ordered(value: Any, constant: Any, compare: Callable[[Any, Any], bool]) -> bool:
    if _is_null(value, constant):
        return False
    return compare(*_alike(value, constant))


def read_moment(text: str) -> date | None:
    """The date, or the time with zone, that a constant stands for; None if it is neither."""
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _is_null(value: object, constant: object) -> bool:
    """An empty text counts as null, unless it is compared with a text."""
    return value is None or (value == "" and not isinstance(constant, str))


def _starts(value: Any, constant: str) -> bool:
    if value is None:
        return False
    if not isinstance(value, str):
        raise bad_value(f"{named(value)} is not a text.", value)
    return value.startswith(constant)


def _alike(value: Any, constant: Any) -> tuple[Any, Any]:
    """Both sides in the kind of the constant. Raises HeldError where the value has another kind."""
    if isinstance(constant, bool):
        if isinstance(value, bool):
            return value, constant
    elif isinstance(constant, int | Decimal):
        if not isinstance(value, bool | list | dict) and not (
            isinstance(value, str) and parse_number(value) is None
        ):
            return to_decimal(value), constant
    elif isinstance(value, str):
        return value, constant
    elif isinstance(value, date):
        moment = read_moment(constant)
        if moment is not None and isinstance(moment, datetime) is isinstance(value, datetime):
            return value, moment
    elif constant is None:
        return value, None
    raise bad_value(f"{named(value)} is of another kind than {named(constant)}.", value)
