"""Bytes to fingerprint: one form for what is the same, whatever the order of keys.

Canonical bytes are JSON with sorted keys, in which every value has its kind before it, so that the
text "1" and the number 1 differ. Decimals are without trailing zeros (80 and 80.00 are one amount),
dates are ISO 8601, times are in UTC. The keyed hash over them is the ledger's.
"""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from typing import Any

from connector.flows.mapping.decimals import plain
from connector.flows.mapping.outcomes import Mapped

# Wide enough that taking zeros off never rounds what a reader lets in.
_WIDE = Context(prec=1000)


def payload_bytes(mapped: Mapped) -> bytes:
    """Bytes of what is sent. Fields with a mode are left out: a change of theirs sends nothing."""
    return to_bytes(_without(mapped.values, mapped.modes))


def record_bytes(record: object) -> bytes:
    """Bytes of a raw record, for the source print. Equal bytes say "unchanged", others nothing."""
    return to_bytes(record)


def values_to_send(
    mapped: Mapped, *, created: bool, empty_there: Collection[str] = ()
) -> dict[str, object]:
    """What goes out: all when the record is created, else without the rows that have a mode.

    Args:
        empty_there: target fields that the remote record, as just read, leaves empty. Only these
            are filled by `mode: if_empty` in an update.
    """
    if created:
        return mapped.values
    kept = {
        target: mode
        for target, mode in mapped.modes.items()
        if not (mode == "if_empty" and target in empty_there)
    }
    return _without(mapped.values, kept)


def to_bytes(value: object) -> bytes:
    """Canonical bytes of nested dicts, lists and typed scalars. Raises TypeError for a float."""
    return json.dumps(_form(value), ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


def _form(value: object) -> Any:
    match value:
        case None | bool():
            return value
        case str():
            return "t" + value
        case int():
            return f"i{value}"
        case Decimal():
            return "d" + _number(value)
        case datetime():
            if value.tzinfo is None:
                raise TypeError("a time without zone has no canonical form")
            return "z" + value.astimezone(UTC).isoformat()
        case date():
            return "y" + value.isoformat()
        case list() | tuple():
            return [_form(each) for each in value]
        case Mapping():
            return {key: _form(value[key]) for key in sorted(value)}
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _number(value: Decimal) -> str:
    if not value:
        return "0"
    stripped = value.normalize(_WIDE)
    return plain(stripped) if abs(stripped.adjusted()) < 100 else str(stripped)


def _without(values: Mapping[str, object], modes: Mapping[str, str]) -> dict[str, object]:
    tops = {target.partition(".")[0] for target in modes}
    kept: dict[str, object] = {}
    for key, value in values.items():
        if key not in tops:
            kept[key] = value
        elif key not in modes and isinstance(value, dict):
            inner = {
                target.partition(".")[2]: mode
                for target, mode in modes.items()
                if target.startswith(key + ".")
            }
            kept[key] = _without(value, inner)
    return kept
