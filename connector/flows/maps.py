"""Value maps: created, filled, and what a new version releases."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import envelope, mac
from connector.crypto.keyring import Domain
from connector.flows import held
from connector.flows.compiled import entries_of, shape_of
from connector.flows.errors import BadDefinition
from connector.flows.identity import wait_hash
from connector.flows.mapping.value_maps import Entry, MapShape, ValueMapError, value_map
from connector.flows.models import ValueMap, ValueMapVersion
from connector.jobs import queue
from connector.jobs.registry import Kind

Entries = Sequence[tuple[tuple[str, ...], Entry]]


@transaction.atomic
def create(
    *,
    slug: str,
    title: str,
    keys: Sequence[str],
    actor: str,
    value_type: str = "text",
    unknown: Mapping[str, Any] | None = None,
    ignore_case: bool = False,
    entries: Entries = (),
) -> ValueMap:
    """Create a map with its first entries.

    Raises:
        BadDefinition: two keys are alike.
    """
    row = ValueMap.objects.create(
        id=uuid4(),
        slug=slug,
        title=title,
        keys=list(keys),
        value_type=value_type,
        unknown=dict(unknown or {"kind": "hold", "default": None}),
        ignore_case=ignore_case,
    )
    save_entries(row, entries, actor=actor)
    return row


@transaction.atomic
def save_entries(row: ValueMap, entries: Entries, *, actor: str) -> ValueMapVersion | None:
    """Make a new version with these entries; None if nothing differs.

    Records that wait for an added or changed entry are released by the worker.

    Raises:
        BadDefinition: two keys are alike.
    """
    locked = ValueMap.objects.select_for_update(of=("self",)).get(pk=row.pk)
    shape = shape_of(locked)
    new = _checked(shape, entries)
    old = dict(_checked(shape, entries_of(locked.current))) if locked.current else {}
    added, changed, removed = differences(old, new)
    if locked.current and not (added or changed or removed):
        return None
    version = ValueMapVersion(
        id=uuid4(),
        map=locked,
        number=locked.current.number + 1 if locked.current else 1,
        entries=len(new),
        created_by=actor,
    )
    stored = [[list(key), value] for key, value in sorted(new.items())]
    version.sealed = envelope.seal_json(Domain.CONFIG, stored, place=version.place)
    version.digest = mac.keyed_hash(
        Domain.CONFIG, "value map", *(repr(pair).encode() for pair in stored)
    ).hex()
    version.save(force_insert=True)
    locked.current = version
    locked.save(update_fields=["current"])
    row.current = version
    log.record(
        Action.VALUE_MAP_SAVED,
        actor=actor,
        subject=f"value_map:{locked.pk}",
        slug=locked.slug,
        version=version.number,
        entries=len(new),
        added=len(added),
        changed=len(changed),
        removed=len(removed),
    )
    if added or changed:
        queue.enqueue(
            Kind.FLOWS_HELD,
            args={"version": str(version.pk)},
            dedupe_key=f"{Kind.FLOWS_HELD}:{version.pk}",
            priority=20,
        )
    return version


@transaction.atomic
def reshape(row: ValueMap, shape: MapShape) -> bool:
    """Give a map another title, columns or rule for what is missing. False if it is so already."""
    wanted = {
        "title": shape.title,
        "keys": list(shape.keys),
        "value_type": shape.value,
        "unknown": {"kind": shape.unknown, "default": shape.default},
        "ignore_case": shape.ignore_case,
    }
    if all(getattr(row, name) == value for name, value in wanted.items()):
        return False
    ValueMap.objects.filter(pk=row.pk).update(**wanted)
    row.refresh_from_db()
    return True


@transaction.atomic
def add_entry(row: ValueMap, key: tuple[str, ...], value: Entry, *, actor: str) -> None:
    """Add or replace one entry: what the inbox offers for a held record."""
    # `current` is read once the lock is there: joined, it would be that of before the wait.
    locked = ValueMap.objects.select_for_update(of=("self",)).get(pk=row.pk)
    shape = shape_of(locked)
    folded = tuple(shape.fold(part) for part in key)
    kept = [] if locked.current is None else entries_of(locked.current)
    others = [one for one in kept if tuple(shape.fold(part) for part in one[0]) != folded]
    save_entries(locked, [*others, (key, value)], actor=actor)
    row.current = locked.current


def release_for(version_id: UUID) -> int:
    """Release what waits for the entries that this version brought. Runs in the worker."""
    version = ValueMapVersion.objects.select_related("map").get(pk=version_id)
    shape = shape_of(version.map)
    new = dict(_checked(shape, entries_of(version)))
    before = ValueMapVersion.objects.filter(map=version.map, number=version.number - 1).first()
    old = dict(_checked(shape, entries_of(before))) if before else {}
    added, changed, _ = differences(old, new)
    names = [wait_hash(":".join(("map", version.map.slug, *key))) for key in (*added, *changed)]
    return held.release(names)


def release_since(pinned: Mapping[str, int]) -> None:
    """Release what was just held by a slice that had older versions of these maps.

    Args:
        pinned: number of the version that the slice had, by slug.
    """
    for row in ValueMap.objects.filter(slug__in=list(pinned)).select_related("current"):
        if row.current and row.current.number > pinned[row.slug]:
            newer = row.versions.filter(number__gt=pinned[row.slug])
            for pk in newer.order_by("number").values_list("pk", flat=True):
                release_for(pk)


def differences(
    old: Mapping[tuple[str, ...], Entry], new: Mapping[tuple[str, ...], Entry]
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Keys that were added, changed and removed."""
    added = [key for key in new if key not in old]
    changed = [key for key in new if key in old and old[key] != new[key]]
    removed = [key for key in old if key not in new]
    return added, changed, removed


def _checked(shape: MapShape, entries: Entries) -> dict[tuple[str, ...], Entry]:
    """Entries by their key, folded as the map says."""
    for key, value in entries:
        if len(key) != len(shape.keys):
            raise BadDefinition(f"A key of {shape.title} has {len(shape.keys)} columns.")
        if shape.value == "integer" and (isinstance(value, bool) or not isinstance(value, int)):
            raise BadDefinition(f"The values of {shape.title} are whole numbers.")
    try:
        return dict(value_map(shape, entries).entries)
    except ValueMapError as error:
        raise BadDefinition(f"{shape.title}: {error}") from None
