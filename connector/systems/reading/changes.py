"""What changed, by a feed of changes: its ids, each record then fetched as it is now."""

from collections.abc import Mapping
from typing import Any

from connector.systems import path
from connector.systems.call import Caller
from connector.systems.classify import id_text
from connector.systems.condition import holds
from connector.systems.errors import Kind, SystemFailure
from connector.systems.outcomes import Page
from connector.systems.paging import turn
from connector.systems.reading.fetch import fetch
from connector.systems.reading.key import record_key
from connector.systems.reading.marks import Marks
from connector.systems.reading.one import read_one
from connector.systems.reading.records import records_in
from connector.systems.spec_objects import Changes, Stream


def read_changes(caller: Caller, stream: Stream, at: Mapping[str, Any], mark: str) -> Page:
    """One page of the feed. A deletion counts over every other change of the same record.

    Raises SystemFailure.
    """
    changes = stream.changes
    assert changes is not None
    assert stream.one is not None
    answer = fetch(caller, changes.request, changes.pages, changes.cursor, at, about=stream.name)
    if answer is None:
        return Page((), None, at["high"])
    events = records_in(
        answer,
        changes.records,
        what=f'The changes of "{stream.title}"',
        empty_when=changes.empty_when,
        as_map=changes.as_map,
    )
    pages = turn.after(
        changes.pages, at["pages"], answer, events, title=caller.context.title, key=changes.key[0]
    )
    gone = {_id(changes, event) for event in events if _deletes(changes, event)}
    deleted, records = list(gone), []
    for remote_id in dict.fromkeys(_id(changes, event) for event in events):
        if remote_id in gone:
            continue
        taken = read_one(caller, stream.one, remote_id, about=stream.name)
        if taken is None:
            deleted.append(remote_id)
        elif stream.deleted and holds(stream.deleted, taken.record):
            deleted.append(record_key(stream, taken.record))
        else:
            records.append(taken.record)
    high = Marks(changes.cursor, caller.context.zone).highest(at["high"], events, None)
    return Page(
        records=tuple(records),
        next=None if pages is None else {**at, "high": high, "pages": pages},
        mark=high if pages is None else mark,
        deleted=tuple(deleted),
    )


def _deletes(changes: Changes, event: Mapping[str, Any]) -> bool:
    return changes.deleted is not None and holds(changes.deleted, event)


def _id(changes: Changes, event: Mapping[str, Any]) -> str:
    text = id_text(path.find(event, changes.id))
    if not text:
        raise SystemFailure(Kind.CONFIG, "A change came without the id of its record.")
    return text
