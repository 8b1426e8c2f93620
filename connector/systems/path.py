"""Paths into an answer, and what is taken out of one.

A path is a list of keys, outside in; a text is one key, also with dots in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

Path: TypeAlias = tuple[str | int, ...]


class _Missing:
    """Nothing stands at the path. Not the same as null."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class Header:
    """A value in a header of the answer; `part` takes the id out of a Location."""

    header: str
    part: Literal["last_segment"] | None = None


From: TypeAlias = Path | Header
Take: TypeAlias = Mapping[str, From]


def find(value: object, path: Path) -> Any:
    """What stands at the path, or MISSING. `()` is the value itself; -1 is the last of a list."""
    for key in path:
        if isinstance(key, str) and isinstance(value, Mapping):
            value = value.get(key, MISSING)
        elif isinstance(key, int) and isinstance(value, list) and -len(value) <= key < len(value):
            value = value[key]
        else:
            return MISSING
    return value


def find_all(value: object, path: Path) -> Iterator[Any]:
    """Everything at a path in which "*" means each of a list. Missing things are left out."""
    if "*" not in path:
        found = find(value, path)
        if found is not MISSING:
            yield found
        return
    star = path.index("*")
    items = find(value, path[:star])
    for item in items if isinstance(items, list) else ():
        yield from find_all(item, path[star + 1 :])


def present(value: object) -> bool:
    """False for what is missing, null or an empty list."""
    return value is not MISSING and value is not None and value != [] and value != ()


def header(headers: Mapping[str, str], name: str) -> Any:
    """The header's value, whatever the case of its name, or MISSING."""
    wanted = name.lower()
    return next((text for key, text in headers.items() if key.lower() == wanted), MISSING)


def take(source: From, body: object, headers: Mapping[str, str]) -> Any:
    """One value out of an answer, or MISSING."""
    if not isinstance(source, Header):
        return find(body, source)
    text = header(headers, source.header)
    return last_segment(text) if source.part and text is not MISSING else text


def take_all(sources: Take, body: object, headers: Mapping[str, str]) -> dict[str, Any]:
    """Every named value that the answer holds; the missing ones are left out."""
    taken = ((name, take(source, body, headers)) for name, source in sources.items())
    return {name: value for name, value in taken if value is not MISSING}


def last_segment(url: str) -> str:
    """`https://host/v1/bills/17/?x=1` -> `17`, with percent signs undone."""
    try:
        path = urlsplit(url).path
    except ValueError:
        path = url
    return unquote(path.rstrip("/").rpartition("/")[2])


def parentheses(url: str) -> str:
    """`companies(1)/vendors('17')` -> `17`: what the last parentheses hold, or "" without any."""
    inside = url.rpartition("(")[2].partition(")")[0] if "(" in url else ""
    return inside.strip("'")


def put(target: dict[str, Any], path: Path, value: object) -> None:
    """Sets what stands at a path of at least one key, making objects and lists on the way.

    Raises ValueError where the path runs through something that is neither.
    """
    node: Any = target
    for key, following in pairwise(path):
        node = _step(node, key, [] if isinstance(following, int) else {})
    _step(node, path[-1], value, replace=True)


def _step(node: Any, key: str | int, value: object, *, replace: bool = False) -> Any:
    if isinstance(key, int) and isinstance(node, list):
        key = max(key, len(node) - 1) if key < 0 else key
        node.extend([None] * (key + 1 - len(node)))
        if replace or node[key] is None:
            node[key] = value
    elif isinstance(key, str) and isinstance(node, dict):
        if replace or node.get(key) is None:
            node[key] = value
    else:
        raise ValueError(f"two fields claim the same place, at {key!r}")
    return node[key]
