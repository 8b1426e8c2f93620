"""Transforms of numbers: decimal, integer, round, negate, sum."""

from decimal import Decimal
from typing import Any

from connector.flows.mapping import decimals
from connector.flows.mapping.calc import total
from connector.flows.mapping.decimals import MODES, ROUNDED, named, short, to_decimal
from connector.flows.mapping.errors import bad_value
from connector.flows.mapping.transforms.declare import (
    Apply,
    Arg,
    Args,
    ArgumentError,
    Systems,
    Transform,
    always,
    kinds,
    plain,
)
from connector.flows.mapping.types import DECIMAL, INTEGER, TEXT_LIKE, FieldType, Kind


def _decimal(args: Args, systems: Systems) -> Apply:
    point, thousands = args["point"], args["thousands"]
    if not point or point == thousands:
        raise ArgumentError("point and thousands must be two different marks")

    def apply(value: Any, scope: Any) -> Decimal:
        if not isinstance(value, str):
            return to_decimal(value)
        number = decimals.parse_number(value, point, thousands)
        if number is None:
            raise bad_value(f'"{short(value)}" is not a number with point "{point}".', value)
        return to_decimal(number)

    return apply


def to_integer(value: Any) -> int:
    """A whole number. Raises HeldError for a fraction, also for 2.5 as text."""
    number = to_decimal(value)
    if decimals.places(number):
        raise bad_value(f"{decimals.plain(number)} is not a whole number.", value)
    return int(number)


def a_decimal(value: Any) -> Decimal:
    """The value, if it is a number already. Raises HeldError for a number written as text."""
    if isinstance(value, str):
        raise bad_value(f"{named(value)} is a text; use decimal before.", value)
    return to_decimal(value)


def _round(args: Args, systems: Systems) -> Apply:
    unit, mode = Decimal(1).scaleb(-args["digits"]), MODES[args["mode"]]
    return lambda value, scope: a_decimal(value).quantize(unit, rounding=mode, context=ROUNDED)


def sum_of(value: Any) -> Decimal:
    """The exact sum of a list; an empty list is 0. Raises HeldError for a line without number."""
    if not isinstance(value, list):
        raise bad_value(f"{named(value)} is no list of numbers.", value)
    for number, each in enumerate(value, 1):
        if each is None or each == "":
            raise bad_value(f"Line {number} has no number.")
    return total(to_decimal(each) for each in value)


def _same(before: FieldType, args: Args) -> FieldType:
    return before


TRANSFORMS = {
    "decimal": Transform(
        TEXT_LIKE | kinds(Kind.INTEGER, Kind.DECIMAL),
        always(DECIMAL),
        _decimal,
        {"point": Arg("text", default="."), "thousands": Arg("text", default="")},
        "point",
    ),
    "integer": Transform(
        TEXT_LIKE | kinds(Kind.INTEGER, Kind.DECIMAL), always(INTEGER), plain(to_integer)
    ),
    "round": Transform(
        kinds(Kind.DECIMAL, Kind.INTEGER),
        lambda before, args: FieldType(Kind.DECIMAL, scale=args["digits"]),
        _round,
        {
            "digits": Arg("integer", required=True, low=0),
            "mode": Arg("choice", required=True, choices=tuple(MODES)),
        },
    ),
    "negate": Transform(
        kinds(Kind.DECIMAL, Kind.INTEGER, Kind.MONEY),
        _same,
        plain(lambda value: a_decimal(value).copy_negate()),
    ),
    "sum": Transform(kinds(Kind.LIST), always(DECIMAL), plain(sum_of)),
}
