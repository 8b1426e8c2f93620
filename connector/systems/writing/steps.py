"""The calls that follow a create or an update: posting it, its lines one by one.

The id is stored before the first step and each step's number after it, so that whoever goes on
later asks the system what is there already and repeats nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.systems import path
from connector.systems.call import Caller
from connector.systems.classify import Trouble
from connector.systems.condition import holds
from connector.systems.context import Context
from connector.systems.outcomes import Delivered, Gone, NotSent, Outcome, Refused, Uncertain, Verb
from connector.systems.reading.one import Taken, read_one
from connector.systems.spec_objects import ObjectSpec, Step


@dataclass(frozen=True, slots=True)
class Work:
    """A record that has its id and whose steps have to be made."""

    values: Mapping[str, Any] = field(repr=False)
    verb: Verb
    remote_id: str
    take: Mapping[str, Any] = field(repr=False)
    key: str
    external_id: str = ""


def steps_of(context: Context, spec: ObjectSpec, verb: str) -> tuple[Step, ...]:
    """The steps of a verb that the settings switch on."""
    verbs = {"create": spec.create, "update": spec.update}
    made = verbs.get(verb)
    steps = made.then if made else ()
    return tuple(step for step in steps if step.if_ is None or _on(context, step.if_))


def finish(
    caller: Caller,
    spec: ObjectSpec,
    work: Work,
    *,
    done: int,
    resumed: bool,
    on_step: Callable[[int], None],
) -> Outcome:
    """Make the steps from number `done` on; `on_step` stores how many are made.

    Args:
        resumed: whether an earlier try may have made some of them without storing it.

    Returns:
        Delivered with all that was taken, or why it stopped; the record itself is there anyway.
    """
    take = dict(work.take)
    steps = steps_of(caller.context, spec, work.verb)
    for number, step in enumerate(steps[done:], start=done + 1):
        seen = _seen(caller, spec, work) if resumed or step.skip_when else None
        if isinstance(seen, Taken):
            take |= seen.take
        elif seen is not None:
            return seen
        if not (seen and step.skip_when and holds(step.skip_when, seen.record)):
            stopped = _make(caller, spec, work, step, take, seen if resumed else None)
            if stopped is not None:
                return stopped
        on_step(number)
    return Delivered(work.remote_id, take)


def _make(
    caller: Caller,
    spec: ObjectSpec,
    work: Work,
    step: Step,
    take: dict[str, Any],
    seen: Taken | None,
) -> Outcome | None:
    names = {
        "record": dict(work.values), "id": work.remote_id, "key": work.key, "remote": take,
        "external_id": work.external_id,
    }  # fmt: skip
    scope = caller.context.scope(names, fields={"record": spec.fields}, verb=work.verb)
    scopes = [scope]
    if step.each is not None:
        rows = scope.find(step.each) or []
        there = path.find(seen.record, step.already) if seen and step.already else []
        begun = len(there) if isinstance(there, list) else 0
        inner = scope.items(step.each)
        scopes = [scope.inside("line", row, inner) for row in rows[begun:]]
    for one in scopes:
        answer = caller.ask(step.request, one, work.verb, about=spec.name)
        if isinstance(answer, Trouble):
            return _stopped(spec, step, answer)
        take |= path.take_all(step.take, answer.body, answer.headers)
    return None


def _seen(caller: Caller, spec: ObjectSpec, work: Work) -> Taken | Outcome | None:
    """The record as it is there now; None where the system can't show it."""
    one = caller.context.system.read_of(spec)
    if one is None:
        return None
    taken = read_one(caller, one, work.remote_id, about=spec.name)
    return taken or Gone(f"{spec.title} {work.remote_id} is not there any more.")


def _stopped(spec: ObjectSpec, step: Step, trouble: Trouble) -> Outcome:
    words = f'It is there, but the step "{step.name}" failed: {trouble.message}'
    if trouble.done == "maybe":
        return Uncertain(words, trouble.wait_s)
    if trouble.kind in ("transient", "rate_limited", "config", "session_expired"):
        return NotSent(trouble.failure())
    return Refused(words)


def _on(context: Context, name: tuple[str, ...]) -> bool:
    found = path.find({"settings": context.settings}, name)
    return bool(found) and path.present(found)
