"""Form-encoded bodies, also of nested values: `a[0][b]=c` or repeated keys."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote

from connector.systems.wire.decimals import plain


def encode(value: dict[str, Any], lists: Literal["brackets", "repeat"] = "brackets") -> bytes:
    """An object as application/x-www-form-urlencoded. Raises ValueError if it has no such form."""
    pairs = (pair for key, item in value.items() for pair in _pairs(key, item, lists))
    return "&".join(
        f"{quote(key, safe='[]')}={quote(text, safe='')}" for key, text in pairs
    ).encode()


def _pairs(key: str, value: Any, lists: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _pairs(f"{key}[{name}]", item, lists)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            if lists == "repeat" and isinstance(item, dict | list | tuple):
                raise ValueError("a list of objects can't be sent as repeated keys")
            yield from _pairs(key if lists == "repeat" else f"{key}[{number}]", item, lists)
    else:
        yield key, scalar(value)


def scalar(value: Any) -> str:
    """One plain value as text. Raises ValueError for what has no plain text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, int | str):
        return str(value)
    raise ValueError(f"{type(value).__name__} has no plain text")
