"""A page of records on its way: recognised, mapped, and sorted into what has to be done.

Reads the database, changes nothing, calls nobody. `plan` answers a Page whose parts
together hold every record once, so that the sum of a run can't go wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.flows import identity, ledger, links
from connector.flows.compiled import Compiled
from connector.flows.identity import Names
from connector.flows.ledger import Known
from connector.flows.mapping import canonical
from connector.flows.mapping.errors import Reason
from connector.flows.mapping.links import LinkKey
from connector.flows.mapping.outcomes import Held, Mapped, Outcome, Problem, Skipped
from connector.flows.models import Delivery
from connector.systems.errors import SystemFailure

State = Delivery.State


@dataclass(frozen=True, slots=True)
class Record:
    """One record with its names."""

    key: str
    source_key: bytes
    source_print: bytes
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToSend:
    """A mapped record whose call has to be made."""

    record: Record
    mapped: Mapped = field(repr=False)
    values: Mapping[str, Any] = field(repr=False)
    fingerprint: bytes
    known: Known | None

    @property
    def operation(self) -> str:
        updates = self.known is not None and self.known.remote_sealed != b""
        return Delivery.Operation.UPDATE if updates else Delivery.Operation.CREATE


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A record that waits, with everything that is wrong with it."""

    record: Record
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class Page:
    """The records of a page, each in exactly one place.

    unchanged: ids of their deliveries with the print that they have now.
    late: delivered by a slice that died before it could count them.
    open: ids of deliveries that are sending or uncertain.
    unanswered: links of these records that the ledger knew no answer to.
    """

    read: int = 0
    to_send: list[ToSend] = field(default_factory=list)
    held: list[HeldBack] = field(default_factory=list)
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    late: list[int] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    unanswered: list[LinkKey] = field(default_factory=list)
    new_prints: dict[int, bytes] = field(default_factory=dict)
    keys: list[bytes] = field(default_factory=list)


def plan(
    compiled: Compiled,
    names: Names,
    keyed: Sequence[tuple[str, Mapping[str, Any]]],
    cut: Sequence[tuple[str, Mapping[str, Any]]] = (),
) -> Page:
    """Sort the records of a page.

    Args:
        keyed: key at the source and record, in reading order. Of a key that
            stands twice the later record counts; the earlier is "unchanged".
        cut: records that came incomplete; each is held.
    """
    page = Page(read=len(keyed) + len(cut))
    records = {}
    for key, raw in keyed:
        source_key = names.source_key(key)
        page.unchanged += source_key in records
        records[source_key] = _named(compiled, names, key, raw)
    incomplete: dict[bytes, Record] = {}
    for key, raw in cut:
        one = _named(compiled, names, key, raw)
        page.unchanged += one.source_key in incomplete or one.source_key in records
        incomplete[one.source_key] = one
        records.pop(one.source_key, None)
    page.held = [HeldBack(one, (_CUT,)) for one in incomplete.values()]
    page.keys = list(records)
    known = ledger.known(compiled.route, page.keys)
    changed = [
        record
        for record in records.values()
        if not _settled_before(page, record, known.get(record.source_key))
    ]
    typed = [(record, seen) for record in changed if (seen := _typed(page, compiled, record))]
    asked = compiled.mapping.link_keys([seen for _, seen in typed], run=compiled.run)
    found = links.answers(compiled.route, asked)
    page.unanswered = [key for key in asked if key not in found]
    for record, seen in typed:
        outcome = compiled.mapping.map_record(
            seen, links=found, maps=compiled.maps, run=compiled.run
        )
        _sort_out(page, compiled, names, record, known.get(record.source_key), outcome)
    return page


def _typed(page: Page, compiled: Compiled, record: Record) -> Mapping[str, Any] | None:
    """The record as the mapping sees it, or None and it is held."""
    try:
        return compiled.typed(record.raw)
    except SystemFailure as refused:
        problem = Problem("", Reason.BAD_VALUE, None, refused.message)
        page.held.append(HeldBack(record, (problem,)))
        return None


_CUT = Problem("", Reason.TOO_BIG, None, "It came incomplete; a part of it is never sent.")
_OPEN = "It changed while an earlier state of it got no answer. It is sent when that is settled."


def _named(compiled: Compiled, names: Names, key: str, raw: Mapping[str, Any]) -> Record:
    print_ = names.source_print(canonical.record_bytes(raw), compiled.pinned)
    return Record(key, names.source_key(key), print_, raw)


def _settled_before(page: Page, record: Record, known: Known | None) -> bool:
    """Count a record that needs no mapping: open, or delivered just like this."""
    if known is None:
        return False
    if known.state in (State.SENDING, State.UNCERTAIN):
        if known.source_print in (b"", record.source_print):
            page.open.append(known.id)
        else:
            # The reading goes on, so what it says now has to wait here.
            problem = Problem("", Reason.NOT_SETTLED, None, _OPEN, identity.settle_key(known.id))
            page.held.append(HeldBack(record, (problem,)))
        return True
    if known.state == State.DELIVERED and known.source_print == record.source_print:
        _count_delivered(page, known)
        return True
    return False


def _count_delivered(page: Page, known: Known) -> None:
    if known.counted:
        page.unchanged += 1
    else:
        page.late.append(known.id)


def _sort_out(
    page: Page,
    compiled: Compiled,
    names: Names,
    record: Record,
    known: Known | None,
    outcome: Outcome,
) -> None:
    if isinstance(outcome, Skipped):
        page.skipped += 1
        return
    if isinstance(outcome, Held):
        page.held.append(HeldBack(record, outcome.problems))
        return
    _sort(page, compiled, names, record, known, outcome)


def _sort(
    page: Page,
    compiled: Compiled,
    names: Names,
    record: Record,
    known: Known | None,
    mapped: Mapped,
) -> None:
    fingerprint = names.fingerprint(canonical.payload_bytes(mapped))
    if known and known.fingerprint == fingerprint:
        if known.state == State.DELIVERED:
            page.new_prints[known.id] = record.source_print
            _count_delivered(page, known)
            return
        if known.state == State.REJECTED and not known.asked:
            page.rejected += 1
            return
    updates = known is not None and known.remote_sealed != b""
    if updates and not compiled.can_update:
        problem = Problem(
            field="",
            reason=Reason.CHANGED_AFTER_FINAL,
            value=None,
            text=f"It changed after it was sent; {compiled.destination_title} takes no changes.",
        )
        page.held.append(HeldBack(record, (problem,)))
        return
    values = canonical.values_to_send(mapped, created=not updates)
    page.to_send.append(ToSend(record, mapped, values, fingerprint, known))
