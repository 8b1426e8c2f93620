"""A prepared write sent, and what is certain afterwards."""

from collections.abc import Mapping
from typing import Any

from connector.systems import path
from connector.systems.call import Caller
from connector.systems.classify import Answer, Trouble, id_text
from connector.systems.outcomes import (
    Delivered,
    Duplicate,
    Gone,
    NotSent,
    Outcome,
    Prepared,
    Refused,
    Stale,
    Uncertain,
    Warned,
)
from connector.systems.render import Outgoing
from connector.systems.spec_fields import nothing
from connector.systems.spec_objects import ObjectSpec
from connector.systems.writing import jobs
from connector.systems.writing.steps import steps_of


def send(caller: Caller, spec: ObjectSpec, prepared: Prepared) -> Outcome:
    """Send a write once. Sending the same again is for who knows that it is safe."""
    outgoing = Outgoing(
        prepared.method,
        prepared.base,
        prepared.target,
        prepared.headers,
        prepared.body,
        prepared.answer,
    )
    answer = caller.call(outgoing, prepared.verb, about=spec.name)
    if isinstance(answer, Trouble):
        return outcome(answer, creates=prepared.verb == "create")
    if prepared.verb == "create":
        return _created(caller, spec, prepared, outgoing, answer)
    take: Mapping[str, Any] = nothing()
    if prepared.verb == "update" and spec.update:
        take = path.take_all(spec.update.take, answer.body, answer.headers)
    return Delivered(prepared.remote_id, take, len(steps_of(caller.context, spec, prepared.verb)))


def outcome(trouble: Trouble, *, creates: bool) -> Outcome:
    """What trouble means for a write: only what surely did not happen is free to be repeated."""
    match trouble.kind:
        case "duplicate":
            return Duplicate(trouble.id, trouble.message)
        case "stale":
            return Stale(trouble.message)
        case "warning":
            return Warned(trouble.message)
        case "missing" if not creates:
            return Gone(trouble.message)
        case _ if trouble.done == "maybe":
            return Uncertain(trouble.message, trouble.wait_s)
        case "refused" | "missing":
            return Refused(trouble.message)
        case _:
            return NotSent(trouble.failure())


def _created(
    caller: Caller, spec: ObjectSpec, prepared: Prepared, outgoing: Outgoing, answer: Answer
) -> Outcome:
    create = spec.create
    assert create is not None
    title = caller.context.title
    if create.wait_for is not None:
        ended = jobs.wait(caller, create.wait_for, outgoing, answer, about=spec.name)
        if not isinstance(ended, Answer):
            return ended
        answer = ended
    if create.id == "given":
        remote_id: str | None = prepared.external_id
    else:
        place = create.wait_for.id if create.wait_for and create.wait_for.id else create.id
        remote_id = id_text(path.take(place, answer.body, answer.headers))
    if not remote_id:
        return Uncertain(f"{title} took it but did not say under which id.")
    take = path.take_all(create.take, answer.body, answer.headers)
    return Delivered(remote_id, take, len(steps_of(caller.context, spec, "create")))
