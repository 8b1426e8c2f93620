"""JSON that gives back what it was given: Decimals digit for digit, and no floats."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: Any) -> bytes:
    """UTF-8 JSON of None, bool, int, Decimal, text, and lists and mappings of these.

    Raises:
        TypeError: something else, named by its type and path, never by its value.
    """
    try:
        return _encoder.encode(_exact(value, "$"))
    except UnicodeEncodeError:
        raise TypeError("a text with half a surrogate pair can't be written as JSON") from None


def decode(data: bytes) -> Any:
    """The value again. A number with a point or exponent is a Decimal, any other an int."""
    return _decoder.decode(data)


def _exact(value: Any, path: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str | int):
        return str(value) if isinstance(value, str) else int(value)  # members of enums too
    if isinstance(value, Decimal):
        return _number(value, path)
    if isinstance(value, list | tuple):
        return [_exact(item, f"{path}[{n}]") for n, item in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {name: _exact(item, f"{path}.{name}") for name, item in value.items()}
    raise TypeError(f"{path} is a {type(value).__name__}, which JSON here does not carry")


def _number(value: Decimal, path: str) -> msgspec.Raw:
    if not value.is_finite():
        raise TypeError(f"{path} is not a finite number")
    text = str(value)
    # without a point or exponent it would come back as an int, and int / int is a float
    return msgspec.Raw((text if "." in text or "E" in text else f"{text}E0").encode())
