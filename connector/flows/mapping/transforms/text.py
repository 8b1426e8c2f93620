"""Transforms of text: text, trim, case, replace, slice, max_length, pad, unpad, split, join."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from connector.flows.mapping import decimals
from connector.flows.mapping.errors import HeldError, Reason, bad_value
from connector.flows.mapping.transforms.declare import (
    Apply,
    Arg,
    Args,
    Systems,
    Transform,
    always,
    kinds,
    plain,
)
from connector.flows.mapping.types import TEXT, TEXT_LIKE, FieldType, Kind, list_of


def to_text(value: Any) -> str:
    """Any scalar as text; a decimal without exponent, a date as ISO 8601."""
    match value:
        case bool():
            raise bad_value("true or false can't be text; use boolean and map.", value)
        case str():
            return value
        case int():
            return str(value)
        case Decimal():
            return decimals.plain(value)
        case date():
            return value.isoformat()
    raise bad_value("A list or object can't be text.")


def a_text(value: Any) -> str:
    """The value, if it is a text. Raises HeldError else: nothing is made into text unasked."""
    if not isinstance(value, str):
        raise bad_value(f"{decimals.named(value)} is no text; use text before.", value)
    return value


def _trim(args: Args, systems: Systems) -> Apply:
    if args["collapse"]:
        return lambda value, scope: " ".join(a_text(value).split())
    return lambda value, scope: a_text(value).strip()


def _case(args: Args, systems: Systems) -> Apply:
    if args["to"] == "upper":
        return lambda value, scope: a_text(value).upper()
    return lambda value, scope: a_text(value).lower()


def _replace(args: Args, systems: Systems) -> Apply:
    old, new = args["old"], args["new"]
    return lambda value, scope: a_text(value).replace(old, new)


def _slice(args: Args, systems: Systems) -> Apply:
    start, length = args["start"], args["length"]

    def apply(value: Any, scope: Any) -> str:
        text = a_text(value)
        first = max(0, len(text) + start) if start < 0 else start
        return text[first:] if length is None else text[first : first + length]

    return apply


def _max_length(args: Args, systems: Systems) -> Apply:
    most, cut = args["n"], args["cut"]

    def apply(value: Any, scope: Any) -> str:
        text = a_text(value)
        if len(text) > most and not cut:
            raise too_long(text, most)
        return text[:most]

    return apply


def too_long(text: str, most: int) -> HeldError:
    return HeldError(Reason.TOO_LONG, f"{len(text)} characters, at most {most} fit.", value=text)


def _pad(args: Args, systems: Systems) -> Apply:
    width, fill = args["width"], args["fill"]
    return lambda value, scope: a_text(value).rjust(width, fill)


def _unpad(args: Args, systems: Systems) -> Apply:
    fill = args["fill"]

    def apply(value: Any, scope: Any) -> str:
        text = a_text(value)
        # One character stays: "0000" is the number zero, not an empty text.
        return text.lstrip(fill) or text[-1:]

    return apply


def _split(args: Args, systems: Systems) -> Apply:
    by = args["by"]
    return lambda value, scope: a_text(value).split(by)


def _join(args: Args, systems: Systems) -> Apply:
    by = args["by"]

    def apply(value: Any, scope: Any) -> str:
        if not isinstance(value, list):
            raise bad_value(f"{decimals.named(value)} is no list of texts.", value)
        return str(by).join(a_text(each) for each in value if each is not None and each != "")

    return apply


def _upto(before: FieldType, args: Args) -> FieldType:
    most = args["n"] if before.max is None else min(before.max, args["n"])
    return replace(before, max=most)


def _shorter(before: FieldType, args: Args) -> FieldType:
    return FieldType(Kind.TEXT, max=before.max)


def _sliced(before: FieldType, args: Args) -> FieldType:
    start, length = args["start"], args["length"]
    most = [n for n in (before.max, length, -start if start < 0 else None) if n is not None]
    return FieldType(Kind.TEXT, max=min(most, default=None))


def _padded(before: FieldType, args: Args) -> FieldType:
    return FieldType(Kind.TEXT, max=before.max and max(before.max, args["width"]))


_ONE_CHARACTER = Arg("text", default="0")
_TEXTS = TEXT_LIKE
_SCALARS = TEXT_LIKE | kinds(Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DATE, Kind.DATETIME)

TRANSFORMS = {
    "text": Transform(
        _SCALARS,
        lambda before, args: before if before.kind in TEXT_LIKE else TEXT,
        plain(to_text),
    ),
    "trim": Transform(
        _TEXTS, _shorter, _trim, {"collapse": Arg("boolean", default=False)}, "collapse"
    ),
    "case": Transform(
        _TEXTS,
        _shorter,
        _case,
        {"to": Arg("choice", required=True, choices=("upper", "lower"))},
        "to",
    ),
    "replace": Transform(
        _TEXTS,
        always(TEXT),
        _replace,
        {"old": Arg("text", required=True), "new": Arg("text", default="")},
    ),
    "slice": Transform(
        _TEXTS,
        _sliced,
        _slice,
        {"start": Arg("integer", default=0), "length": Arg("integer", low=1)},
    ),
    "max_length": Transform(
        _TEXTS,
        _upto,
        _max_length,
        {"n": Arg("integer", required=True, low=1), "cut": Arg("boolean", default=False)},
        "n",
    ),
    "pad": Transform(
        _TEXTS,
        _padded,
        _pad,
        {"width": Arg("integer", required=True, low=1), "fill": _ONE_CHARACTER},
        "width",
    ),
    "unpad": Transform(_TEXTS, _shorter, _unpad, {"fill": _ONE_CHARACTER}, "fill"),
    "split": Transform(
        _TEXTS, always(list_of(TEXT)), _split, {"by": Arg("text", required=True)}, "by"
    ),
    "join": Transform(
        kinds(Kind.LIST), always(TEXT), _join, {"by": Arg("text", required=True)}, "by"
    ),
}
