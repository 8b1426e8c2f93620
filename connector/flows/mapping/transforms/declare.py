"""How a transform is declared: what it takes and gives, its arguments, and its factory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from connector.flows.mapping.scope import Scope
from connector.flows.mapping.types import FieldType, Kind

Apply = Callable[[Any, Scope], Any]
Args = Mapping[str, Any]
ArgKind = Literal[
    "text", "integer", "boolean", "scalar", "scalars", "choice", "currency", "paths", "zone"
]


class ArgumentError(Exception):
    """An argument that does not fit; the text says what would."""


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument. A required one has no default. `low` is the least integer allowed."""

    kind: ArgKind
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    low: int | None = None


@dataclass(frozen=True, slots=True)
class Systems:
    """What the two systems of a mapping do their own way: minor digits of currencies."""

    source_digits: Mapping[str, int] = field(default_factory=dict)
    destination_digits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transform:
    """One of the closed list. `short` is the argument that the short form sets."""

    takes: frozenset[Kind]
    gives: Callable[[FieldType, Args], FieldType]
    make: Callable[[Args, Systems], Apply]
    args: Mapping[str, Arg] = field(default_factory=dict)
    short: str = ""


def kinds(*names: Kind) -> frozenset[Kind]:
    return frozenset(names)


def always(given: FieldType) -> Callable[[FieldType, Args], FieldType]:
    return lambda before, args: given


def plain(apply: Callable[[Any], Any]) -> Callable[[Args, Systems], Apply]:
    """A factory for a transform without arguments."""
    return lambda args, systems: lambda value, scope: apply(value)
