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
        stream: the fields of the source stream; None where they are not known.
        maps: the value maps of the box by name (the shipped ones need not be given).
        links: pairs (stream, object) that some enabled flow or an adoption fills, for forward
            links between source stream and destination object, and back links alike.
        zone: the setting `zone` of the source connection, "" if it has none.
        can_read: a remote record can be read before an update (`mode: if_empty` needs it).
        systems: minor digits that the systems use their own way.
    """

    fields: Mapping[str, FieldType]
    stream: Mapping[str, FieldType] | None = None
    maps: Mapping[str, MapShape] = field(default_factory=dict)
    links: frozenset[tuple[str, str]] = frozenset()
    zone: str = ""
    can_read: bool = True
    systems: Systems = field(default_factory=Systems)

    def map_shape(self, name: str) -> MapShape | None:
        if name in self.maps:
            return self.maps[name]
        known = shipped().get(name)
        return known.shape if known else None
