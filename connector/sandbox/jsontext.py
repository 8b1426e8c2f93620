"""JSON in which an amount keeps its digits: Decimals both ways, never a float."""

from decimal import Decimal
from typing import Any

import msgspec

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def decode(data: bytes) -> Any:
    """A number with a point or an exponent becomes a Decimal. Raises ValueError."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError) as error:
        raise ValueError(str(error)) from None


def encode(value: Any) -> bytes:
    """A Decimal is written as a JSON number with the digits that it has (`10.00`)."""
    return _encoder.encode(value)


def in_list(name: str, records: list[bytes], **more: Any) -> bytes:
    """`{"<name>": [records…], …}` out of records that are JSON already."""
    return encode({name: [msgspec.Raw(record) for record in records], **more})
