"""Field types of source streams and target objects, as the mapping language sees them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    ENUM = "enum"
    CURRENCY = "currency"
    COUNTRY = "country"
    EMAIL = "email"
    URL = "url"
    ID = "id"
    LIST = "list"
    OBJECT = "object"
    ANY = "any"
    NULL = "null"


TEXT_LIKE = frozenset(
    {Kind.TEXT, Kind.ENUM, Kind.CURRENCY, Kind.COUNTRY, Kind.EMAIL, Kind.URL, Kind.ID}
)
NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY})


@dataclass(frozen=True, slots=True)
class FieldType:
    """One field, or the type of a value on its way through a row.

    Args:
        max: longest text, in characters; None = no limit known.
        digits, scale: decimal digits in all, and after the point.
        currency: for money, the field that holds its currency, or an ISO 4217 code.
        values: for enum, its members; for a text on its way, all values it can have, if known.
        to: for id, the object that it names.
        fields: for list and object, what stands in each row.
        item: for a list of plain values, their type.
        least, most: number of rows of a list.
    """

    kind: Kind
    max: int | None = None
    digits: int | None = None
    scale: int | None = None
    currency: str = ""
    values: tuple[str, ...] = ()
    to: str = ""
    fields: Mapping[str, "FieldType"] = field(default_factory=lambda: MappingProxyType({}))
    item: "FieldType | None" = None
    required: bool = False
    read_only: bool = False
    nullable: bool = True
    external_reference: bool = False
    least: int = 0
    most: int = 2000

    def __str__(self) -> str:
        if self.kind is Kind.TEXT and self.max:
            return f"text({self.max})"
        if self.kind is Kind.LIST and self.item:
            return f"list of {self.item}"
        if self.kind is Kind.ID and self.to:
            return f"id({self.to})"
        return str(self.kind)


ANY = FieldType(Kind.ANY)
NULL = FieldType(Kind.NULL)
TEXT = FieldType(Kind.TEXT)
INTEGER = FieldType(Kind.INTEGER)
DECIMAL = FieldType(Kind.DECIMAL)
MONEY = FieldType(Kind.MONEY)
BOOLEAN = FieldType(Kind.BOOLEAN)
DATE = FieldType(Kind.DATE)
DATETIME = FieldType(Kind.DATETIME)


def list_of(item: FieldType) -> FieldType:
    return FieldType(Kind.LIST, item=item)


def of_constant(value: object) -> FieldType:
    """The type of a constant written in a mapping. Raises TypeError for lists and objects."""
    match value:
        case None:
            return NULL
        case bool():
            return BOOLEAN
        case int():
            return INTEGER
        case str():
            return FieldType(Kind.TEXT, max=len(value), values=(value,))
    if type(value).__name__ == "Decimal":
        return DECIMAL
    raise TypeError("a constant is text, integer, decimal, true, false or null")


def union(types: Iterable[FieldType]) -> FieldType:
    """The type of a value that has one of several types; null adds nothing."""
    kinds = [each for each in types if each.kind is not Kind.NULL]
    if not kinds:
        return NULL
    first = kinds[0]
    if all(each == first for each in kinds):
        return first
    if any(each.kind is Kind.ANY for each in kinds):
        return ANY
    if all(each.kind in TEXT_LIKE for each in kinds):
        kind = first.kind if all(each.kind is first.kind for each in kinds) else Kind.TEXT
        longest = [each.max for each in kinds]
        known = all(each.values for each in kinds)
        return FieldType(
            kind,
            max=None if None in longest else max(n for n in longest if n is not None),
            values=tuple(v for each in kinds for v in each.values) if known else (),
            to=first.to if all(each.to == first.to for each in kinds) else "",
        )
    if all(each.kind is first.kind for each in kinds):
        return replace(first, scale=None, digits=None, required=False)
    if {each.kind for each in kinds} == {Kind.INTEGER, Kind.DECIMAL}:
        return DECIMAL
    return ANY
