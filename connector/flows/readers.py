"""Where the records of a run come from: a stream, ids that a webhook brought, or what was held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows.models import Cursor, HeldRecord, Run
from connector.systems.client import Client

ALL_READ = {"all": "read"}  # the position of a run that has only to settle
IDS_A_PAGE = 50
HELD_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """A page of records in reading order, each with its key at the source.

    position: where the next page starts, to be stored; ALL_READ after the last.
    mark: what the cursor moves to once this page is done, or "".
    skipped: records that are not delivered by rule: tombstones, ids that are gone.
    cut: records that came incomplete; they are held, never delivered in part.
    """

    keyed: Sequence[tuple[str, Mapping[str, Any]]] = field(repr=False)
    position: dict[str, Any]
    mark: str = ""
    skipped: int = 0
    cut: Sequence[tuple[str, Mapping[str, Any]]] = field(default=(), repr=False)


def next_batch(run: Run, client: Client, position: dict[str, Any] | None) -> Batch:
    """The page at `position` (None = the first) of this kind of run."""
    if run.kind == Run.Kind.RECORDS:
        return _records(run, client, position)
    if run.kind == Run.Kind.HELD:
        return _held(run, client, position)
    return _stream(run, client, position)


def _stream(run: Run, client: Client, position: dict[str, Any] | None) -> Batch:
    stream = run.version.stream
    began = position["from"] if position else _mark(run)
    page = client.read_page(
        stream,
        position=position["page"] if position else None,
        mark=began,
        full=run.kind == Run.Kind.FULL,
    )
    return Batch(
        [(client.record_key(stream, record), record) for record in page.records],
        {"page": page.next, "from": began} if page.next is not None else ALL_READ,
        page.mark,
        skipped=len(page.deleted),
        cut=[(client.record_key(stream, record), record) for record in page.cut],
    )


def _mark(run: Run) -> str:
    row = Cursor.objects.filter(
        flow_id=run.flow_id, source_id=run.version.source_id, stream=run.version.stream
    ).first()
    return row.mark if row else ""


def _records(run: Run, client: Client, position: dict[str, Any] | None) -> Batch:
    stream = run.version.stream
    ids = envelope.open_json(Domain.PAYLOAD, bytes(run.input_sealed), place=run.input_place)
    start = position["start"] if position else 0
    wanted = ids["records"][start : start + IDS_A_PAGE]
    found = [record for id_ in wanted if (record := client.read_one(stream, id_)) is not None]
    end = start + len(wanted)
    return Batch(
        [(client.record_key(stream, record), record) for record in found],
        {"start": end} if end < len(ids["records"]) else ALL_READ,
        skipped=len(wanted) - len(found),
    )


def _held(run: Run, client: Client, position: dict[str, Any] | None) -> Batch:
    after = position["after"] if position else 0
    rows = list(
        HeldRecord.objects.filter(
            flow_id=run.flow_id, state=HeldRecord.State.RELEASED, pk__gt=after
        ).order_by("pk")[:HELD_A_PAGE]
    )
    keyed = []
    for row in rows:
        record = envelope.open_json(
            Domain.PAYLOAD, bytes(row.record_sealed), place=row.record_place
        )
        keyed.append((client.record_key(run.version.stream, record), record))
    full = len(rows) == HELD_A_PAGE
    return Batch(keyed, {"after": rows[-1].pk} if full else ALL_READ)
