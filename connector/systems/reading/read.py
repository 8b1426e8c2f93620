"""A page of a stream, with the mark that may be stored together with it.

A position is plain JSON: where the pages are, from which mark on, and the highest value so far.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connector.systems.call import Caller
from connector.systems.condition import holds
from connector.systems.outcomes import Page
from connector.systems.paging import turn
from connector.systems.reading import changes
from connector.systems.reading.fetch import fetch
from connector.systems.reading.key import record_key
from connector.systems.reading.marks import Marks
from connector.systems.reading.one import read_one
from connector.systems.reading.records import records_in
from connector.systems.spec_objects import Pages, Stream
from connector.systems.wire import dates

Record = Mapping[str, Any]


def read_page(
    caller: Caller,
    stream: Stream,
    *,
    position: Mapping[str, Any] | None,
    mark: str,
    full: bool = False,
) -> Page:
    """Read one page.

    Args:
        position: `next` of the page before; None begins a read.
        mark: the stored mark; "" if there is none yet.
        full: read everything, whatever the mark.

    Raises:
        SystemFailure: nothing of this page counts; the same position may be read again.
    """
    at = dict(position) if position else None
    if at is None or not turn.fits(_pages_of(stream, by_changes=at["changes"]), at["pages"]):
        at = begin(caller, stream, mark=mark, full=full)
    if at["changes"]:
        return changes.read_changes(caller, stream, at, mark)
    answer = fetch(caller, stream.request, stream.pages, stream.cursor, at, about=stream.name)
    raw: list[dict[str, Any]] = []
    pages = None
    if answer is not None:
        raw = records_in(
            answer,
            stream.records,
            what=f'"{stream.title}"',
            empty_when=stream.empty_when,
            as_map=stream.as_map,
            unwrap=stream.unwrap,
        )
        title = caller.context.title
        pages = turn.after(stream.pages, at["pages"], answer, raw, title=title, key=stream.key[0])
    records, deleted = _detailed(caller, stream, raw) if stream.detail else (raw, [])
    return _page(caller, stream, at, pages, records, deleted, mark)


def begin(caller: Caller, stream: Stream, *, mark: str, full: bool) -> dict[str, Any]:
    """The position at which a read begins. A mark that is too old for changes means: read all."""
    context = caller.context
    by_changes = False
    note = ""
    if stream.changes and mark and not full:
        by_changes = not Marks(stream.changes.cursor, context.zone).too_old(mark, context.clock())
        if not by_changes:
            note = f"{context.title} keeps no changes as old as the last read; all was read anew."
    cursor = stream.changes.cursor if stream.changes and by_changes else stream.cursor
    marks = Marks(cursor, context.zone) if cursor else None
    since = "" if full or cursor is None or (stream.changes and not by_changes) else mark
    until = context.clock() - timedelta(seconds=cursor.lag_s if cursor else 0)
    return {
        "changes": by_changes,
        "since": since,
        "until": dates.write_datetime(until, "iso_ms", context.zone),
        "high": mark if not full or marks is None or marks.knows(mark) else "",
        "pages": turn.first(_pages_of(stream, by_changes=by_changes)),
        "note": note,
    }


def _pages_of(stream: Stream, *, by_changes: bool) -> Pages:
    return stream.changes.pages if stream.changes and by_changes else stream.pages


def _detailed(
    caller: Caller, stream: Stream, thin: list[dict[str, Any]]
) -> tuple[list[Record], list[str]]:
    """Each record of a thin list fetched whole; what went away in the meantime is deleted."""
    assert stream.one is not None
    records, deleted = [], []
    for record in thin:
        key = record_key(stream, record)
        taken = read_one(caller, stream.one, key, about=stream.name)
        if taken is None:
            deleted.append(key)
        else:
            records.append(taken.record)
    return records, deleted


def _page(
    caller: Caller,
    stream: Stream,
    at: dict[str, Any],
    pages: dict[str, Any] | None,
    records: list[Any],
    deleted: list[str],
    mark: str,
) -> Page:
    cursor = stream.changes.cursor if stream.changes else stream.cursor
    high = at["high"]
    if cursor is not None:
        until = dates.read_datetime(at["until"], caller.context.zone) if cursor.lag_s else None
        high = Marks(cursor, caller.context.zone).highest(high, records, until)
    done = pages is None or (stream.order == "cursor" and not stream.changes)
    gone = [record for record in records if stream.deleted and holds(stream.deleted, record)]
    kept = [record for record in records if not (stream.deleted and holds(stream.deleted, record))]
    whole = stream.complete_when
    return Page(
        records=tuple(record for record in kept if not whole or holds(whole, record)),
        next=None if pages is None else {**at, "high": high, "pages": pages},
        mark=high if done else mark,
        deleted=(*deleted, *(record_key(stream, record) for record in gone)),
        cut=tuple(record for record in kept if whole and not holds(whole, record)),
        note=at["note"] if at["pages"]["count"] == 1 else "",
    )
