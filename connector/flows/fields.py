"""Fields of a system's description as the types that the mapping language knows."""

from collections.abc import Mapping

from connector.flows.mapping.types import FieldType, Kind
from connector.systems.spec_fields import Field, Fields
from connector.systems.spec_objects import ObjectSpec, Stream


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
