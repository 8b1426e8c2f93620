"""The identity of a record, as one text that never changes form."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.systems.errors import Kind, SystemFailure
from connector.systems.path import find
from connector.systems.spec_objects import Stream
from connector.systems.wire import jsontext


def record_key(stream: Stream, record: Mapping[str, Any]) -> str:
    """The key of one record.

    Raises SystemFailure (config): a record without its key can't be told from others.
    """
    parts = []
    for path in stream.key:
        text = _part(find(record, path))
        if not text:
            place = ".".join(map(str, path))
            raise SystemFailure(
                Kind.CONFIG, f'A record of "{stream.title}" came without its key "{place}".'
            )
        parts.append(text)
    return joined(parts)


def joined(parts: Sequence[str]) -> str:
    """One part stands for itself; several become a JSON list, so that no two keys run together."""
    return parts[0] if len(parts) == 1 else jsontext.encode(list(parts)).decode()


def _part(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def separated(key: str) -> list[str]:
    """The inverse of joined."""
    if not key.startswith("["):
        return [key]
    try:
        parts = jsontext.decode(key.encode())
    except ValueError:
        return [key]
    several = isinstance(parts, list) and len(parts) > 1
    return parts if several and all(isinstance(part, str) for part in parts) else [key]
