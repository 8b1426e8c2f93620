"""Formulas: `"{qty} * {price} - {discount?}"`, in Decimal, over a closed list of nodes.

The text is parsed by `ast` and never evaluated. Names exist only as `{path}`; a number is read
from its own digits, so no float ever exists. `sum`, `abs`, `min` and `max` are the functions.
"""

import ast
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException, Inexact
from typing import Any

from connector.flows.mapping import braces
from connector.flows.mapping.decimals import EXACT, ROUNDED, parse_number, to_decimal
from connector.flows.mapping.errors import HeldError, Reason, bad_value
from connector.flows.mapping.paths import Path, PathError
from connector.flows.mapping.scope import Scope

MAX_CHARACTERS = 500
MAX_DEPTH = 30

Number = Callable[[Scope], Decimal]
Numbers = Callable[[Scope], list[Decimal]]
_OPERATORS: dict[type[ast.AST], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: EXACT.add,
    ast.Sub: EXACT.subtract,
    ast.Mult: EXACT.multiply,
    ast.Div: ROUNDED.divide,
}
_COMPARISONS: dict[type[ast.AST], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


@dataclass(frozen=True, slots=True)
class Formula:
    """A compiled formula: its value, the paths that it reads, and whether it divides."""

    text: str
    value: Number
    paths: tuple[Path, ...]
    divides: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A compiled check: two formulas and the operator between them."""

    text: str
    left: Number
    right: Number
    holds: Callable[[Any, Any], bool]
    equality: bool
    paths: tuple[Path, ...]


def compile_calc(text: object) -> Formula:
    """Compile a formula. Raises PathError with a text that says what is not allowed."""
    reader = _Reader(text)
    return Formula(reader.text, _trapped(reader.number(reader.tree, 1)), *reader.facts())


def compile_comparison(text: object) -> Comparison:
    """Compile a check such as `sum({a[].b}) == {c}`. Raises PathError."""
    reader = _Reader(text)
    tree = reader.tree
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1:
        raise PathError("a check has exactly one comparison: == != < <= > >=")
    holds = _COMPARISONS.get(type(tree.ops[0]))
    if holds is None:
        raise PathError("a check compares with == != < <= > >=")
    left, right = reader.number(tree.left, 1), reader.number(tree.comparators[0], 1)
    equality = isinstance(tree.ops[0], ast.Eq)
    paths, _ = reader.facts()
    return Comparison(reader.text, _trapped(left), _trapped(right), holds, equality, paths)


def _trapped(value: Number) -> Number:
    def guarded(scope: Scope) -> Decimal:
        try:
            return value(scope)
        except Inexact:
            raise bad_value("The result needs more than 38 digits.") from None
        except DecimalException:
            raise bad_value("The formula has no result (division by zero?).") from None

    return guarded


class _Reader:
    """One pass over the tree of one formula."""

    def __init__(self, text: object) -> None:
        if not isinstance(text, str) or not text.strip():
            raise PathError("a formula is a text such as {quantity} * {price}")
        if len(text) > MAX_CHARACTERS:
            raise PathError(f"the formula is longer than {MAX_CHARACTERS} characters")
        self.text = text
        self.holes: list[braces.Hole] = []
        self.divides = False
        self.source = "".join(self._plain(part) for part in braces.split(text)).strip()
        try:
            self.tree = ast.parse(self.source, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            raise PathError(f'"{text}" is not a formula') from None

    def facts(self) -> tuple[tuple[Path, ...], bool]:
        return tuple(hole.path for hole in self.holes), self.divides

    def _plain(self, part: str | braces.Hole) -> str:
        if isinstance(part, braces.Hole):
            self.holes.append(part)
            return f" _{len(self.holes) - 1} "
        if any(char not in "0123456789.+-*/()=!<>, \n" and not char.isalpha() for char in part):
            raise PathError("a formula holds {paths}, numbers, + - * / ( ) and sum abs min max")
        return part.replace("\n", " ")

    def number(self, node: ast.AST, level: int) -> Number:
        if level > MAX_DEPTH:
            raise PathError(f"the formula is nested deeper than {MAX_DEPTH} levels")
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name(id=name) if name.startswith("_"):
                return _one(self.holes[int(name[1:])])
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.number(operand, level + 1)
                return lambda scope: inner(scope).copy_negate()
            case ast.BinOp(left=first, op=op, right=second) if type(op) in _OPERATORS:
                self.divides |= isinstance(op, ast.Div)
                work = _OPERATORS[type(op)]
                left, right = self.number(first, level + 1), self.number(second, level + 1)
                return lambda scope: work(left(scope), right(scope))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._function(name, args, level)
        raise PathError("a formula holds {paths}, numbers, + - * / ( ) and sum abs min max")

    def _constant(self, node: ast.Constant) -> Number:
        number = parse_number(ast.get_source_segment(self.source, node) or "")
        if number is None:
            raise PathError("a number in a formula is written like 12 or 0.19")
        value = to_decimal(number)
        return lambda scope: value

    def _function(self, name: str, args: Sequence[ast.AST], level: int) -> Number:
        if name == "abs" and len(args) == 1:
            inner = self.number(args[0], level + 1)
            return lambda scope: inner(scope).copy_abs()
        if name not in ("sum", "min", "max") or not args:
            raise PathError(f"{name}() is not available; use sum abs min max")
        parts = [self._numbers(arg, level + 1) for arg in args]
        if name == "sum":
            return lambda scope: total(n for part in parts for n in part(scope))
        pick: Callable[[list[Decimal]], Decimal] = min if name == "min" else max

        def best(scope: Scope) -> Decimal:
            numbers = [n for part in parts for n in part(scope)]
            if not numbers:
                raise HeldError(Reason.REQUIRED, f"{name}() of an empty list has no value.")
            return pick(numbers)

        return best

    def _numbers(self, node: ast.AST, level: int) -> Numbers:
        if isinstance(node, ast.Name) and node.id.startswith("_"):
            return _many(self.holes[int(node.id[1:])])
        single = self.number(node, level)
        return lambda scope: [single(scope)]


def total(numbers: Any) -> Decimal:
    """The exact sum of decimals; 0 for none."""
    result = Decimal(0)
    for number in numbers:
        result = EXACT.add(result, number)
    return result


def _one(hole: braces.Hole) -> Number:
    read, text, optional = hole.path.read, hole.path.text, hole.optional

    def value(scope: Scope) -> Decimal:
        found = read(scope)
        if found is None or found == "":
            if optional:
                return Decimal(0)
            raise HeldError(Reason.REQUIRED, f"{text} is needed by the formula and is empty.")
        return to_decimal(found)

    return value


def _many(hole: braces.Hole) -> Numbers:
    read, text, optional, one = hole.path.read, hole.path.text, hole.optional, _one(hole)

    def values(scope: Scope) -> list[Decimal]:
        found = read(scope)
        if not isinstance(found, list):
            return [one(scope)]
        if not optional and any(each is None or each == "" for each in found):
            raise HeldError(Reason.REQUIRED, f"A line has no value for {text}.")
        return [to_decimal(each) for each in found if each is not None and each != ""]

    return values
