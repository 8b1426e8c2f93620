"""Exact numbers: reading them from text, and arithmetic that says when it would have to round."""

from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)

from connector.flows.mapping.errors import HeldError, Reason, bad_value

_FAILURES = [InvalidOperation, DivisionByZero, Overflow]
EXACT = Context(prec=38, traps=[*_FAILURES, Inexact])
ROUNDED = Context(prec=38, rounding=ROUND_HALF_EVEN, traps=_FAILURES)
MODES = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}
MAX_CHARACTERS = 60
MAX_EXPONENT = 30


def parse_number(text: str, point: str = ".", thousands: str = "") -> Decimal | None:
    """The number that a text holds, or None. Groups between thousands marks have three digits.

    Exponents, other scripts' digits, infinities and NaN are no numbers here.
    """
    text = text.strip()
    if len(text) > MAX_CHARACTERS:
        return None
    sign = text[:1] if text[:1] in ("+", "-") else ""
    whole, mark, fraction = text[len(sign) :].partition(point)
    if thousands and thousands in whole:
        first, *groups = whole.split(thousands)
        if not 1 <= len(first) <= 3 or any(len(group) != 3 for group in groups):
            return None
        whole = first + "".join(groups)
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit()) or not whole or (mark and not fraction):
        return None
    return Decimal(f"{sign}{whole}.{fraction}" if fraction else sign + whole)


def to_decimal(value: object) -> Decimal:
    """An integer, a decimal or a plain number text as Decimal.

    Raises:
        HeldError: reason `bad_value`, for anything else.
    """
    if isinstance(value, Decimal):
        if not value.is_finite() or abs(value.adjusted()) > MAX_EXPONENT:
            raise bad_value("The number is out of range.", value)
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) >= 10**MAX_EXPONENT:
            raise bad_value("The number is out of range.", value)
        return Decimal(value)
    if isinstance(value, str):
        number = parse_number(value)
        if number is None:
            raise bad_value(f'"{short(value)}" is not a number with point ".".', value)
        return to_decimal(number)
    raise bad_value(f"{named(value)} is not a number.", value)


def places(value: Decimal) -> int:
    """Digits after the point that are needed: 1.50 needs one, 100 none."""
    exponent = value.normalize(ROUNDED).as_tuple().exponent if value else 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


def fit_scale(value: Decimal, digits: int, unit: str = "") -> Decimal:
    """The same number with exactly `digits` places; adds zeros, never rounds.

    Raises:
        HeldError: reason `too_precise`.
    """
    if places(value) > digits:
        unit = f" {unit}" if unit else ""
        raise HeldError(
            Reason.TOO_PRECISE,
            f"{plain(value)}{unit} has more than {digits} decimals.",
            value=value,
        )
    return value.quantize(Decimal(1).scaleb(-digits), context=ROUNDED)


def plain(value: Decimal) -> str:
    """Decimal as text without exponent: 1E+2 is 100."""
    return f"{value:f}"


def short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def named(value: object) -> str:
    """A kind of value in words, for texts of the inbox."""
    match value:
        case None:
            return "Nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{short(value)}"'
        case list():
            return "A list"
        case dict():
            return "An object"
    return short(str(value))
