"""JSON with exact numbers: Decimals in, Decimals out, never a float."""

from decimal import Decimal
from typing import Any

import msgspec

MOST_DIGITS = 40

_encoder = msgspec.json.Encoder(decimal_format="number")


class NotJson(ValueError):  # noqa: N818
    """The bytes are not JSON, or hold a number of more than 40 digits."""


def decode(data: bytes | str) -> Any:
    """The value of a JSON text; numbers with a point or an exponent are Decimals.

    Raises NotJson.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeError, ValueError) as error:
        known = str(error) if isinstance(error, NotJson) else "the text is not JSON"
        raise NotJson(known) from None


def encode(value: object) -> bytes:
    """A value of plain JSON types and Decimals as JSON; Decimals are written digit by digit.

    Raises TypeError for floats and everything else that has no exact form.
    """
    _refuse_inexact(value)
    return _encoder.encode(value)


def exact(text: str) -> Decimal:
    """A number's text as Decimal. Raises NotJson if it has more than 40 digits or is endless."""
    number = Decimal(text)
    if not number.is_finite() or len(number.as_tuple().digits) > MOST_DIGITS:
        raise NotJson(f"a number has more than {MOST_DIGITS} digits")
    if abs(number.adjusted()) > MOST_DIGITS:
        raise NotJson(f"a number has more than {MOST_DIGITS} digits")
    return number


def _refuse_inexact(value: object) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError("a JSON key must be a text")
            _refuse_inexact(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_inexact(item)
    elif isinstance(value, Decimal):
        if not value.is_finite():
            raise TypeError("an endless number has no JSON form")
    elif not (value is None or isinstance(value, str | int)):
        raise TypeError(f"{type(value).__name__} has no exact JSON form")


_decoder = msgspec.json.Decoder(float_hook=exact)
