"""One record to its destination: look first where that is the rule, send, and say what is certain.

Runs in the threads of a slice. It touches no table: the slice writes what came of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connector.flows.contract import Contract
from connector.flows.models import Delivery
from connector.systems.client import Client
from connector.systems.errors import Kind, SystemFailure
from connector.systems.outcomes import (
    Ambiguous,
    Delivered,
    Duplicate,
    Found,
    Gone,
    NoneThere,
    NotSent,
    Outcome,
    Prepared,
    Refused,
    Stale,
    Uncertain,
    Unlike,
    Verb,
    Warned,
)

State = Delivery.State
REPEATS = 3
WAITS_S = (0.05, 0.5, 2.0)


@dataclass(frozen=True, slots=True)
class Call:
    """A claimed delivery with all that is needed to make it, or to find out whether it was made."""

    id: int
    object: str
    operation: Verb
    prepared: Prepared
    values: Mapping[str, Any] = field(repr=False)
    external_id: str
    look_first: bool = False
    take: Mapping[str, Any] = field(default_factory=dict, repr=False)
    remote_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is certain about a call now.

    `problem` is a word of a closed list, `text` for people (sealed when stored).
    `failure` says why nothing was sent; then the state is `pending`.
    """

    id: int
    state: str
    remote_id: str = ""
    take: Mapping[str, Any] = field(default_factory=dict, repr=False)
    origin: str = Delivery.Origin.SENT
    problem: str = ""
    text: str = ""
    failure: SystemFailure | None = None


def deliver(
    client: Client, contract: Contract, call: Call, *, wait: Callable[[float], bool]
) -> Answer:
    """Make a call until its outcome is certain, or nothing more can be done now.

    Where the destination knows our key (header, query, body, upsert), a call
    without an answer is made again, byte for byte, a few times. Otherwise it
    stays uncertain and is settled later by a look-up.

    Args:
        wait: sleeps for so many seconds; True if the slice wants to end.
    """
    if call.look_first:
        seen = look_up(client, call)
        if seen is not None:
            return seen
    answer = _once(client, call)
    for pause in WAITS_S[:REPEATS]:
        if answer.problem != "no_answer" or not contract.may_repeat(call.operation, 0):
            return answer
        if wait(pause):
            return answer
        again = _once(client, call)
        # A repeat that did not leave says nothing about the call that did.
        answer = answer if again.state == State.PENDING else again
    return answer


def look_up(client: Client, call: Call, *, absence_counts: bool = True) -> Answer | None:
    """Ask the destination for this record. None means: proven absent, it may be sent.

    Args:
        absence_counts: False while the destination may not show a fresh record yet.
    """
    try:
        result = client.find(call.object, call.values, external_id=call.external_id)
    except SystemFailure as failure:
        if call.look_first:
            return Answer(call.id, State.PENDING, failure=failure, text=failure.message)
        return _uncertain(call, "no_answer", failure.message)
    if isinstance(result, Found):
        return _found(client, call, result.remote_id, result.take)
    if isinstance(result, NoneThere):
        if result.proven and absence_counts:
            return None
        return _uncertain(
            call, "not_proven", "The look-up found nothing, which proves nothing yet."
        )
    if isinstance(result, Ambiguous | Unlike):
        return _uncertain(call, "ambiguous", result.message)
    raise TypeError(f"unknown result {type(result).__name__}")


def finish(
    client: Client,
    call: Call,
    remote: Mapping[str, Any],
    *,
    key: str,
    done: int,
    on_step: Callable[[int], None],
) -> Answer:
    """Make the steps that follow a creation. Until all are made the delivery stays uncertain.

    Args:
        done: steps that were made before; `on_step` hears of each that is made now.
    """
    outcome = client.finish(
        call.object,
        call.values,
        verb=call.operation,
        remote_id=remote["id"],
        take=remote["take"],
        key=key,
        external_id=call.external_id,
        done=done,
        resumed=True,
        on_step=on_step,
    )
    answer = Answer(call.id, State.DELIVERED, remote_id=remote["id"], take=remote["take"])
    if isinstance(outcome, Delivered):
        return answer
    text = outcome.failure.message if isinstance(outcome, NotSent) else outcome.message
    return replace(answer, state=State.UNCERTAIN, problem="steps", text=text or "A step failed.")


def _once(client: Client, call: Call) -> Answer:
    outcome: Outcome = client.send(call.prepared)
    match outcome:
        case Delivered():
            return Answer(
                call.id,
                # With steps to come it is there, but not done: the id is committed first.
                State.UNCERTAIN if outcome.steps else State.DELIVERED,
                remote_id=outcome.remote_id or call.remote_id,
                take={**call.take, **outcome.take},
                problem="steps" if outcome.steps else "",
            )
        case Refused():
            return Answer(call.id, State.REJECTED, problem="refused", text=outcome.message)
        case Warned():
            return Answer(call.id, State.REJECTED, problem="warning", text=outcome.message)
        case Uncertain():
            return _uncertain(call, "no_answer", outcome.message)
        case NotSent():
            failure = outcome.failure
            return Answer(call.id, State.PENDING, failure=failure, text=failure.message)
        case Duplicate():
            return _duplicate(client, call, outcome)
        case Stale():
            return Answer(
                call.id,
                State.REJECTED,
                problem="stale",
                text="The record was changed there in the meantime. Look at both before sending.",
            )
        case Gone():
            return Answer(
                call.id,
                State.REJECTED,
                problem="gone",
                text="The record that should be changed is not there any more.",
            )
    raise TypeError(f"unknown outcome {type(outcome).__name__}")


def _duplicate(client: Client, call: Call, outcome: Duplicate) -> Answer:
    """It is there already, says the destination: by the id it names, else by a look-up."""
    if outcome.remote_id:
        return _found(client, call, outcome.remote_id, {})
    if client.can_find(call.object):
        seen = look_up(client, call)
        if seen is not None:
            return seen
    return Answer(
        call.id,
        State.REJECTED,
        problem="duplicate",
        text="It is there already, but can't be told which one it is.",
    )


def _found(client: Client, call: Call, remote_id: str, take: Mapping[str, Any]) -> Answer:
    """It is there. Whether the steps that follow were made nobody knows, so they come next."""
    steps = client.steps(call.object, call.operation) > 0
    return Answer(
        call.id,
        State.UNCERTAIN if steps else State.DELIVERED,
        remote_id=remote_id,
        take=take,
        origin=Delivery.Origin.FOUND,
        problem="steps" if steps else "",
    )


def _uncertain(call: Call, problem: str, text: str) -> Answer:
    return Answer(call.id, State.UNCERTAIN, problem=problem, text=text)


def stops_the_page(answer: Answer) -> bool:
    """Whether the rest of a page can't do better: nothing was sent, and not because of the data."""
    return answer.failure is not None and answer.failure.kind in (
        Kind.CONFIG,
        Kind.TRANSIENT,
        Kind.RATE_LIMITED,
    )
