"""Decimals and money: digits as given, as text, tagged, or in minor units."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connector.systems.spec_fields import NumberForm
from connector.systems.wire.jsontext import MOST_DIGITS

_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?\Z", re.ASCII)

# ISO 4217, list one: every currency that has not two decimal places.
_PLACES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS = {code: places for places, codes in _PLACES.items() for code in codes.split()}


def digits_of(currency: str, own: Mapping[str, int]) -> int:
    """How many decimal places a currency has; what the system says goes over ISO 4217."""
    return own.get(currency, _DIGITS.get(currency, 2))


def to_minor(value: Decimal, digits: int) -> int:
    """An amount in minor units. Raises ValueError where that would need rounding."""
    scaled = _exact(value, digits)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"has more than {digits} decimal places")
    return int(scaled)


def from_minor(value: Any, digits: int) -> Decimal:
    """An amount out of minor units, with exactly that many places. Raises ValueError."""
    number = read(value)
    if number != number.to_integral_value():
        raise ValueError("is not a whole number of minor units")
    return _exact(number, -digits)


def write(value: Decimal, form: NumberForm, digits: int = 2) -> Any:
    """A Decimal in one form. `digits` (of the currency) counts for `minor` only.

    Raises ValueError where the form can't hold the value exactly.
    """
    if not value.is_finite():
        raise ValueError("is not a finite number")
    if form == "minor":
        return to_minor(value, digits)
    if form == "text":
        return plain(value)
    if form == "tagged":
        return {"__class__": "Decimal", "decimal": plain(value)}
    return value


def read(value: Any) -> Decimal:
    """A number in any form but minor units. Raises ValueError."""
    if isinstance(value, dict) and value.get("__class__") == "Decimal":
        value = value.get("decimal")
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, int) and not isinstance(value, bool):
        number = Decimal(value)
    elif isinstance(value, str) and _NUMBER.match(value.strip()):
        number = Decimal(value.strip())
    else:
        raise ValueError("is not a number")
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        raise ValueError("is not a number of at most 40 digits")
    return number


def plain(value: Decimal) -> str:
    """The digits without an exponent: `1180.10`."""
    return format(value, "f")


def _exact(value: Decimal, places: int) -> Decimal:
    """The value times ten to the power of `places`, by moving the point only."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError("is not a finite number")
    return Decimal((sign, digits, exponent + places))
