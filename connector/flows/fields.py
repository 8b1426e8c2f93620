"""Fields of a system's description: their types for the mapping language, and typed records."""

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from connector.flows.mapping.types import FieldType, Kind
from connector.systems.spec import System
from connector.systems.spec_fields import Field, Fields
from connector.systems.spec_objects import ObjectSpec, Stream
from connector.systems.wire.fields import read_all

Record: TypeAlias = Mapping[str, Any]


def reader(system: System, stream: str, zone: str | None) -> Callable[[Record], Record]:
    """How a raw record becomes the one that a mapping sees.

    Where the description names the fields of the stream, they are read by their place
    and type; else the record is seen as it came. Raises SystemFailure (refused) for a
    value that is not of its field's type.
    """
    fields, wire = system.streams[stream].fields, system.wire
    if not fields:
        return lambda record: record
    where = ZoneInfo(zone) if zone else UTC
    return lambda record: read_all(record, fields, wire, where)


def of_object(spec: ObjectSpec) -> dict[str, FieldType]:
    """What may be written: always typed."""
    return _all(spec.fields)


def of_stream(spec: Stream) -> dict[str, FieldType] | None:
    """What is read, by its place in the record; None where the description doesn't say."""
    if not spec.fields:
        return None
    return _all(spec.fields)


def _all(fields: Fields) -> dict[str, FieldType]:
    return {name: _one(spec) for name, spec in fields.items()}


def _one(spec: Field) -> FieldType:
    inner: Mapping[str, FieldType] = _all(spec.fields) if spec.fields else {}
    return FieldType(
        kind=Kind(spec.type),
        max=spec.max,
        digits=spec.digits,
        scale=spec.scale,
        currency=spec.currency or "",
        values=spec.values,
        to=spec.to or "",
        fields=inner,
        required=bool(spec.required),
        read_only=spec.write == "never",
        least=spec.least,
        most=spec.most,
    )
