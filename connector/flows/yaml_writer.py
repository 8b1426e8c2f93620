"""The canonical writer of flows as code: one text for one document.

Block style for what has a name (sections, slugs, maps, tests), one line for what fits into 120
columns, and quotes only where some YAML reader would see another type than text. What
`connector.systems.yaml_reader` reads from a text written here is the document again.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import yaml

WIDTH = 120
SECTIONS = ("systems", "connections", "value_maps", "flows", "endpoints")
_BLOCKS = frozenset({"mapping", "map", "filter", "tests", "expect_held"})
_resolve: Callable[..., str] = yaml.resolver.Resolver().resolve
_NOT_PLAIN_FIRST = frozenset("-?:,[]{}#&*!|>'\"%@`=<~ ")
_NOT_PLAIN = frozenset(",[]{}:?#\"'\\")
# What YAML 1.2 readers or lax ones take for a number, over PyYAML's own rules.
_NUMBER_LIKE = re.compile(
    r"[-+.]?\.?[0-9][0-9_,.]*([eE][-+]?[0-9]*)?\Z|0[oxb][0-9a-fA-F_]*\Z|[-+]?\.(inf|nan)\Z", re.I
)
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def dump(document: dict[str, Any]) -> str:
    """The canonical text of a document. Sections come in their fixed order, `format` first.

    Raises:
        TypeError: a float, or anything else that such a file can't hold.
        ValueError: a number that would not be read back as it is.
    """
    order = ["format", *SECTIONS]
    keys = [key for key in order if key in document]
    keys += [key for key in document if key not in order]
    parts = []
    for key in keys:
        value = document[key]
        lines = _entry(key, value, 0, block=key in SECTIONS, names=1)
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _entry(key: str, value: Any, indent: int, *, block: bool, names: int = 0) -> Iterator[str]:
    """Lines of `key: value`. `names`: how many levels below are named by slugs."""
    start = " " * indent + _text(key) + ":"
    if isinstance(value, dict | list) and value:
        line = f"{start} {_flow(value)}"
        if not block and not _has_block(value) and len(line) <= WIDTH:
            yield line
            return
        yield start
        yield from _body(value, indent + 2, names, items_block=key == "tests")
    else:
        yield f"{start} {_flow(value)}"


def _body(value: Any, indent: int, names: int, *, items_block: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            block = names > 0 or key in _BLOCKS
            yield from _entry(key, inner, indent, block=block, names=names - 1)
        return
    for item in value:
        line = f"{' ' * indent}- {_flow(item)}"
        short = len(line) <= WIDTH and not _has_block(item) and not items_block
        if short or not isinstance(item, dict | list) or not item:
            yield line
        else:
            first, *rest = _body(item, indent + 2, 0)
            yield " " * indent + "- " + first[indent + 2 :]
            yield from rest


def _has_block(value: Any) -> bool:
    """Rows of its own make a row a block: `each` with `map`."""
    return isinstance(value, dict) and isinstance(value.get("map"), dict) and "each" in value


def _flow(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{_text(key)}: {_flow(value[key])}" for key in value) + "}"
        case list():
            return "[" + ", ".join(_flow(item) for item in value) + "]"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return _number(str(value), value)
        case Decimal():
            return _number(f"{value:f}", value)
        case str():
            return _text(value)
    raise TypeError(f"{type(value).__name__} can't stand in a file of flows")


def _number(text: str, value: object) -> str:
    whole, _, fraction = text.lstrip("-").partition(".")
    most = 20 if fraction else 18
    if len(whole) > most or len(fraction) > 20 or not (whole + fraction).isdecimal():
        raise ValueError(f"a number of {len(whole) + len(fraction)} digits can't be written")
    return text


def _text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} can't be a key in a file of flows")
    if _is_plain(value):
        return value
    return '"' + "".join(_ESCAPES.get(char) or _escaped(char) for char in value) + '"'


def _escaped(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def _is_plain(value: str) -> bool:
    if not value or value[0] in _NOT_PLAIN_FIRST or value[-1] == " ":
        return False
    if not value.isprintable() or not _NOT_PLAIN.isdisjoint(value):
        return False
    if value.casefold() in _WORDS or _NUMBER_LIKE.match(value):
        return False
    return _resolve(yaml.nodes.ScalarNode, value, (True, False)) == "tag:yaml.org,2002:str"
