"""The fields of a stream or an object, and how a system writes typed values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from connector.systems.path import Path

FieldType: TypeAlias = Literal[
    "text", "integer", "decimal", "money", "boolean", "date", "datetime", "enum", "currency",
    "country", "email", "url", "id", "list", "any",
]  # fmt: skip
NumberForm: TypeAlias = Literal["number", "text", "tagged", "minor"]
DateForm: TypeAlias = Literal["iso", "compact", "us", "dotnet", "epoch_s", "epoch_ms", "tagged"]
DatetimeForm: TypeAlias = Literal[
    "iso", "iso_ms", "iso_offset", "no_zone", "dotnet", "epoch_s", "epoch_ms", "tagged"
]
BooleanForm: TypeAlias = Literal["native", "text", "t_f", "yes_no", "y_n", "one_zero"]

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def nothing() -> Mapping[str, Any]:
    """An empty mapping that nobody can fill; the default of every map in a description."""
    return NOTHING


@dataclass(frozen=True, slots=True)
class Wire:
    """How typed values are written. Reading takes every form of the type."""

    decimal: NumberForm = "number"
    money: NumberForm = "number"
    date: DateForm = "iso"
    datetime: DatetimeForm = "iso"
    boolean: BooleanForm = "native"
    id: Literal["text", "number"] = "text"
    clear: Literal["null", "empty", "never"] = "null"
    minor_digits: Mapping[str, int] = field(default_factory=nothing)
    form_lists: Literal["brackets", "repeat"] = "brackets"


@dataclass(frozen=True, slots=True)
class Codes:
    """A hint that a field wants a value map, and where the codes are read from."""

    stream: str
    value: Path
    label: Path | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """The column `of` must add up to the field `equals` before anything is sent."""

    of: str
    equals: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its type, where it lies in the answer and in the body, and its limits."""

    name: str
    type: FieldType
    at: Path = ()
    label: str = ""
    help: str = ""
    concept: str = ""
    required: bool | Literal["create"] = False
    max: int | None = None
    digits: int | None = None
    scale: int | None = None
    values: tuple[str, ...] = ()
    to: str | None = None
    currency: str | None = None
    codes: Codes | None = None
    wire: str | None = None
    fields: Mapping[str, "Field"] = field(default_factory=nothing)
    least: int = 0
    most: int = 2000
    sum: Sum | None = None
    write: Literal["create", "update", "both", "never"] = "both"
    sensitive: bool = False

    def needed(self, verb: str) -> bool:
        """Whether this verb must send the field."""
        return self.required is True or (self.required == "create" and verb == "create")

    def written(self, verb: str) -> bool:
        """Whether this verb may send the field."""
        return self.write in ("both", verb)


Fields: TypeAlias = Mapping[str, Field]
