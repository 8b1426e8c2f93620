"""JSON with exact numbers: Decimals in, Decimals out, never a float."""

import re
from decimal import Decimal
from typing import Any

import msgspec

MOST_DIGITS = 40

_TOO_LONG = f"a number has more than {MOST_DIGITS} digits"
_LONG_RUN = re.compile(rb"[0-9]{%d}" % (MOST_DIGITS + 1))
_encoder = msgspec.json.Encoder(decimal_format="number")


class NotJson(ValueError):
    """The bytes are not JSON, or hold a number of more than 40 digits."""


def decode(data: bytes | str) -> Any:
    """The value of a JSON text; numbers with a point or an exponent are Decimals.

    Raises NotJson.
    """
    try:
        value = _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeError, ValueError) as error:
        raise NotJson(_TOO_LONG if _TOO_LONG in str(error) else "the text is not JSON") from None
    if _LONG_RUN.search(data.encode() if isinstance(data, str) else data):
        _refuse_long(value)
    return value


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
        raise NotJson(_TOO_LONG)
    if abs(number.adjusted()) > MOST_DIGITS:
        raise NotJson(_TOO_LONG)
    return number


def _refuse_long(value: object) -> None:
    """Whole numbers are decoded without asking `exact`; a run of digits may also be in a text."""
    if isinstance(value, dict):
        for item in value.values():
            _refuse_long(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_long(item)
    elif isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
        raise NotJson(_TOO_LONG)


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
