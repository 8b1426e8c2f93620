"""A flow version made ready to run: its mapping compiled, its value maps opened and pinned."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, cast

from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows import connections, definition, fields, ledger
from connector.flows.definition import Definition
from connector.flows.errors import BadDefinition
from connector.flows.mapping.compile import compile_mapping
from connector.flows.mapping.compiled import CompiledMapping
from connector.flows.mapping.context import StaticContext
from connector.flows.mapping.errors import MappingError
from connector.flows.mapping.scope import RunContext
from connector.flows.mapping.transforms.declare import Systems
from connector.flows.mapping.value_maps import MapShape, ValueMapEntries, shipped, value_map
from connector.flows.models import Connection, Route, ValueMap, ValueMapVersion, Version


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a slice keeps of its version.

    typed: makes the record that the mapping sees out of the one that was read.
    pinned: names of the flow version and the map versions, for the source print.
    map_versions: number of the version of each map that is pinned, by slug.
    """

    route: Route
    mapping: CompiledMapping
    definition: Definition
    typed: Callable[[fields.Record], fields.Record]
    maps: Mapping[str, ValueMapEntries]
    run: RunContext
    pinned: tuple[str, ...]
    map_versions: Mapping[str, int]
    can_update: bool
    destination_title: str


def compile_version(version: Version, *, now: datetime) -> Compiled:
    """Compile a stored version and open its maps.

    Raises:
        BadDefinition: what it names has gone, or doesn't fit any more.
    """
    said = definition.of(version)
    mapping = check(
        said.mapping, version.source, version.stream, version.destination, version.object
    )
    opened, versions, numbers = open_maps(mapping.maps)
    target = connections.system_of(version.destination).objects[version.object]
    zone = connections.settings_of(version.source).get("zone")
    return Compiled(
        route=ledger.route_of(version),
        mapping=mapping,
        definition=said,
        typed=fields.reader(connections.system_of(version.source), version.stream, zone),
        maps=opened,
        run=run_context(version.source, version.destination, now),
        pinned=(str(version.pk), *versions),
        map_versions=numbers,
        can_update=target.update is not None,
        destination_title=version.destination.title,
    )


def check(
    mapping: Mapping[str, Any],
    source: Connection,
    stream: str,
    destination: Connection,
    object_: str,
    *,
    drafts: Mapping[str, MapShape] | None = None,
) -> CompiledMapping:
    """Compile a mapping between two connections, or say all that is wrong with it.

    Args:
        drafts: value maps of a flow file that aren't in the box yet.

    Raises:
        BadDefinition: with every finding of the static check.
    """
    reads, writes = connections.system_of(source), connections.system_of(destination)
    if stream not in reads.streams:
        raise BadDefinition(
            f'{reads.title} has no stream "{stream}"', [f"known: {', '.join(reads.streams)}"]
        )
    if object_ not in writes.objects:
        raise BadDefinition(
            f'{writes.title} takes no "{object_}"', [f"known: {', '.join(writes.objects)}"]
        )
    context = StaticContext(
        fields=fields.of_object(writes.objects[object_]),
        source=fields.of_stream(reads.streams[stream]),
        maps={**shapes(), **(drafts or {})},
        zone=connections.settings_of(source).get("zone"),
        streams=frozenset(reads.streams),
        objects=frozenset(writes.objects),
        back_streams=frozenset(writes.streams),
        back_objects=frozenset(reads.objects),
        readable=writes.read_of(writes.objects[object_]) is not None,
        match=tuple(writes.objects[object_].match),
        systems=Systems(reads.wire.minor_digits, writes.wire.minor_digits),
    )
    try:
        return compile_mapping(mapping, context=context)
    except MappingError as error:
        raise BadDefinition(
            "The mapping can't be saved.", [finding.words for finding in error.findings]
        ) from None


def run_context(source: Connection, destination: Connection, now: datetime) -> RunContext:
    """What `$run`, `$source` and `$destination` stand for."""
    return RunContext(
        date=now.date(),
        started_at=now,
        source=connections.settings_of(source),
        destination=connections.settings_of(destination),
    )


def shapes() -> dict[str, MapShape]:
    """All value maps of the box, without their entries."""
    own = {row.slug: shape_of(row) for row in ValueMap.objects.filter(archived_at=None)}
    return {**{name: entries.shape for name, entries in shipped().items()}, **own}


def shape_of(row: ValueMap) -> MapShape:
    unknown = row.unknown.get("kind", "hold")
    return MapShape(
        keys=tuple(row.keys),
        value=cast("Literal['text', 'integer', 'id']", row.value_type),
        unknown=unknown,
        default=row.unknown.get("default"),
        ignore_case=row.ignore_case,
        title=row.title,
    )


def open_maps(
    names: Iterable[str],
) -> tuple[dict[str, ValueMapEntries], list[str], dict[str, int]]:
    """The current entries of these maps; names and numbers of the versions that were opened."""
    wanted = set(names)
    opened = {name: shipped()[name] for name in wanted & set(shipped())}
    versions, numbers = [], {}
    rows = ValueMap.objects.filter(slug__in=wanted).select_related("current").order_by("slug")
    for row in rows:
        shape = shape_of(row)
        entries = entries_of(row.current) if row.current else []
        opened[row.slug] = value_map(shape, entries)
        # What a missing entry means belongs to the print as well: it changes what is sent.
        versions.append(f"{row.current_id} {replace(shape, title='')!r}")
        numbers[row.slug] = row.current.number if row.current else 0
    return opened, versions, numbers


def entries_of(version: ValueMapVersion) -> list[tuple[tuple[str, ...], str | int]]:
    """The entries of one version of a map, in clear."""
    stored = envelope.open_json(Domain.CONFIG, bytes(version.sealed), place=version.place)
    return [(tuple(key), value) for key, value in stored]
