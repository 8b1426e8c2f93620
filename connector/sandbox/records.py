"""Records of one kind: how they are made, changed, found and kept, alike in both systems."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox import checks, jsontext
from connector.sandbox.errors import Refusal
from connector.sandbox.site import Site
from connector.sandbox.store import Row, Store

Record = dict[str, Any]
Columns = Mapping[str, str | None]


def nothing_more(_site: Site, _record: Record) -> None:
    """Most kinds change nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is special about one kind of record.

    `complete` checks a record of a caller and gives it whole, with its sums;
    `columns` says what the store searches by; `then` changes what hangs on a new
    one; `final` are the states in which nothing may be changed any more.
    """

    name: str
    noun: str
    prefix: str
    stamp: str
    fields: tuple[str, ...]
    complete: Callable[[Store, Record], Record]
    columns: Callable[[Record], Columns]
    then: Callable[[Site, Record], None] = nothing_more
    final: tuple[str, ...] = ()


def row(kind: Kind, record: Record) -> Row:
    """A record as the store keeps it."""
    return Row(
        kind=kind.name,
        id=record["id"],
        body=jsontext.encode(record),
        modified_at=record[kind.stamp],
        **kind.columns(record),
    )


def add(site: Site, kind: Kind, given: Record) -> Row:
    """Make a record. Inside `store.change`. Raises Refusal for what is not right in it."""
    checks.known(given, kind.fields)
    whole = kind.complete(site.store, given)
    now = site.store.now()
    record = {"id": f"{kind.prefix}{10_000 + site.store.next_seq()}", **whole}
    record |= {"version": 1, "created_at": now, kind.stamp: now}
    made = row(kind, record)
    site.change([made], kind.noun, "created")
    kind.then(site, record)
    return made


def edit(site: Site, kind: Kind, record_id: str, given: Record) -> Row:
    """Change a record; what is a JSON object is merged, a list replaced. Inside `store.change`."""
    checks.known(given, kind.fields)
    old = site.store.get(kind.name, record_id)
    if old is None:
        raise Refusal(404, "not_found", f"There is no {kind.noun} {record_id}.")
    state = old.get("status")
    if state in kind.final and given:
        raise Refusal(409, "not_open", f"The {kind.noun} {record_id} is {state}.")
    merged = {name: old[name] for name in kind.fields if name in old}
    if "lines" in given:
        merged.pop("total", None)
    for name, value in given.items():
        inner = merged.get(name)
        both = isinstance(inner, dict) and isinstance(value, dict)
        merged[name] = inner | value if both else value
    return renew(site, kind, old | kind.complete(site.store, merged))


def renew(site: Site, kind: Kind, record: Record) -> Row:
    """Store a changed record with its next version. Inside `store.change`."""
    record |= {"version": record["version"] + 1, kind.stamp: site.store.now()}
    changed = row(kind, record)
    site.change([changed], kind.noun, "updated")
    return changed
