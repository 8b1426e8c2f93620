"""Looking a record up when nothing is known of it, and comparing what is found, typed."""

from collections.abc import Iterator, Mapping
from typing import Any

from connector.systems import path
from connector.systems.call import Caller
from connector.systems.classify import Answer, Trouble, id_text
from connector.systems.condition import all_hold, holds
from connector.systems.errors import Kind, SystemFailure
from connector.systems.outcomes import Ambiguous, FindResult, Found, NoneThere, Unlike
from connector.systems.paging import turn
from connector.systems.path import MISSING
from connector.systems.reading.one import read_one
from connector.systems.spec_objects import Find, ObjectSpec
from connector.systems.wire import fields
from connector.systems.writing.names import uses


def find(
    caller: Caller, spec: ObjectSpec, values: Mapping[str, Any], *, external_id: str
) -> FindResult:
    """Look for the record with these values.

    A record that differs in a field of `match` is another record, unless it was found by our own
    external id: then it is this one, changed since. One that agrees in those and differs
    elsewhere looks like it, which a person must settle.

    Raises:
        SystemFailure: the look-up could not be made; nothing follows from that.
    """
    look = spec.find
    if look is None:
        raise SystemFailure(
            Kind.CONFIG, f"{spec.title} can't be looked up in {caller.context.title}."
        )
    tells_apart = frozenset() if uses(look.request, "external_id") else frozenset(spec.match)
    same: dict[str, None] = {}
    alike = 0
    for record in _candidates(caller, spec, look, values, external_id):
        wrong = set(_unequal(caller, spec, look, values, record))
        remote_id = id_text(path.find(record, look.id))
        if not wrong and remote_id:
            same[remote_id] = None
        elif not wrong & tells_apart:
            alike += 1
    title, what = caller.context.title, spec.title
    if len(same) > 1:
        words = f"{title} holds {len(same)} that are equal to this one ({what})."
        return Ambiguous(len(same), words)
    if len(same) == 1 and not alike:
        remote_id = next(iter(same))
        return Found(remote_id, _take(caller, spec, remote_id))
    if alike:
        count = alike + len(same)
        return Unlike(count, f"{title} holds {count} that look like this one ({what}).")
    return NoneThere(proven=look.proves_absence, after_s=look.lag_s)


def _candidates(
    caller: Caller, spec: ObjectSpec, look: Find, values: Mapping[str, Any], external_id: str
) -> Iterator[Mapping[str, Any]]:
    state: dict[str, Any] | None = turn.first(look.pages)
    while state is not None:
        names = {
            "record": dict(values),
            "external_id": external_id,
            "page": turn.names(look.pages, state),
        }
        answer = caller.ask(
            look.request,
            caller.context.scope(names, fields={"record": spec.fields}),
            "find",
            about=spec.name,
            extra=turn.added(look.pages, state),
            url=turn.url(state),
        )
        if isinstance(answer, Trouble):
            if answer.kind == "missing":
                return
            raise answer.failure()
        records = _records(caller, look, answer)
        yield from (record for record in records if all_hold(look.where, record))
        state = turn.after(look.pages, state, answer, records, title=caller.context.title)


def _records(caller: Caller, look: Find, answer: Answer) -> list[Any]:
    """The list, or the one record where the system answers with that alone."""
    if look.empty_when is not None and holds(look.empty_when, answer.body, answer.headers):
        return []
    found = path.find(answer.body, look.records)
    if isinstance(found, dict):
        return [found]
    if found is None:
        return []
    if not isinstance(found, list):
        raise SystemFailure(
            Kind.CONFIG, f"A look-up was answered by {caller.context.title} without a list."
        )
    return found


def _unequal(
    caller: Caller,
    spec: ObjectSpec,
    look: Find,
    values: Mapping[str, Any],
    record: Mapping[str, Any],
) -> Iterator[str]:
    """Names of compared fields that differ; a field that the mapping left out says nothing."""
    context = caller.context
    for name, place in look.compare.items():
        wanted = values.get(name)
        if wanted is None:
            continue
        field = spec.fields[name]
        raw = path.find(record, place)
        code = context.scope({"record": values}).currency(field, values)
        try:
            found = (
                None
                if raw is MISSING
                else fields.read(raw, field, context.system.wire, context.zone, code)
            )
        except SystemFailure:
            found = None
        if _trimmed(found) != _trimmed(wanted):
            yield name


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _take(caller: Caller, spec: ObjectSpec, remote_id: str) -> Mapping[str, Any]:
    """What later calls need of the record, where reading it gives any."""
    one = caller.context.system.read_of(spec)
    if one is None or not one.take:
        return {}
    taken = read_one(caller, one, remote_id, about=spec.name)
    return taken.take if taken else {}
