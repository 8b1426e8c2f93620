"""A mapping as written, in dataclasses: what `declare` reads, and `checks` and `rows` walk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connector.flows.mapping import braces, calc, conditions
from connector.flows.mapping.errors import Finding
from connector.flows.mapping.links import Link
from connector.flows.mapping.paths import Path
from connector.flows.mapping.transforms.declare import Transform


@dataclass(frozen=True, slots=True)
class Call:
    """One transform of a chain with its arguments, defaults filled in."""

    name: str
    transform: Transform
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Constant:
    value: object


@dataclass(frozen=True, slots=True)
class First:
    """`from`: the first of these that is neither null nor ""."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Template:
    parts: tuple[str | braces.Hole, ...]


@dataclass(frozen=True, slots=True)
class Arm:
    when: conditions.Condition | None
    source: "Source"
    do: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Choose:
    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True)
class Each:
    path: Path
    when: conditions.Condition | None
    rows: tuple["RowDecl", ...]


Source = Constant | First | Template | calc.Formula | Link | Choose | Each


@dataclass(frozen=True, slots=True)
class RowDecl:
    target: str
    source: Source
    do: tuple[Call, ...] = ()
    mode: str = "overwrite"
    if_empty: str = ""


@dataclass(frozen=True, slots=True)
class CheckDecl:
    name: str
    that: calc.Comparison
    within: Decimal | None


@dataclass(slots=True)
class MappingDecl:
    """The mapping as written. `findings` grows while it is read and checked."""

    filter: conditions.Condition | None = None
    rows: tuple[RowDecl, ...] = ()
    checks: tuple[CheckDecl, ...] = ()
    tests: tuple[Mapping[str, Any], ...] = ()
    findings: list[Finding] = field(default_factory=list)
