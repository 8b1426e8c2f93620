"""What the static check knows of the world around a mapping."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.flows.mapping.transforms.declare import Systems
from connector.flows.mapping.types import FieldType
from connector.flows.mapping.value_maps import MapShape, shipped


@dataclass(frozen=True, slots=True)
class StaticContext:
    """Both ends of a flow.

    Args:
        fields: the fields of the destination object.
        source: the fields of the source stream; None where they are not known.
        maps: the value maps of the box by name (the shipped ones need not be given).
        zone: the setting `zone` of the source connection.
        streams, objects: streams of the source and objects of the destination, for links.
        back_streams, back_objects: streams of the destination and objects of the source, for
            links back. None in any of the four = not known, not checked.
        filled: pairs (stream, object) that some enabled flow or an adoption fills.
        readable: a remote record can be read before an update (`mode: if_empty` needs it).
        match: fields that make a record "the same document" at the destination.
        systems: minor digits of currencies that the systems use their own way.
    """

    fields: Mapping[str, FieldType]
    source: Mapping[str, FieldType] | None = None
    maps: Mapping[str, MapShape] = field(default_factory=dict)
    zone: str | None = None
    streams: frozenset[str] | None = None
    objects: frozenset[str] | None = None
    back_streams: frozenset[str] | None = None
    back_objects: frozenset[str] | None = None
    filled: frozenset[tuple[str, str]] | None = None
    readable: bool = True
    match: tuple[str, ...] = ()
    systems: Systems = field(default_factory=Systems)

    def map_shape(self, name: str) -> MapShape | None:
        if name in self.maps:
            return self.maps[name]
        known = shipped().get(name)
        return known.shape if known else None
