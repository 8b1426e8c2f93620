"""What to do with calls of which nobody knows whether they arrived.

A slice holds its route alone, so whatever it finds in `sending` or `uncertain` was left
by somebody who died or got no answer. While it is settled it stands in `sending`, so that
no person decides about it at the same moment:

    the destination knows our key    inside its window, the same call again, byte for byte
    it can be looked up              wait until a fresh record must be seen, then ask;
                                     absent, and that is proof: the same call again
    neither                          a person decides, in the inbox
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from django.utils import timezone

from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows import commit, deliver, ledger
from connector.flows.deliver import Answer, Call
from connector.flows.ledger import Known
from connector.flows.models import Delivery, Route
from connector.flows.values import decode
from connector.systems.errors import Kind, SystemFailure
from connector.systems.outcomes import Prepared, Verb

if TYPE_CHECKING:
    from connector.flows.runner import Slice

State = Delivery.State
AT_ONCE = 100
MOST_PASSES = 3
FOR_A_PERSON = ("not_proven", "ambiguous", "no_way")


def settle_open(slice_: "Slice") -> float:
    """Settle what is open on the route of this slice, as far as that can be done now.

    Rows that only a person can decide are left alone.

    Returns:
        Seconds until the next row may be settled; 0 if nothing has to be waited for.
    """
    ledger.abandon(slice_.compiled.route)
    for _ in range(MOST_PASSES):
        waits = _settle_due(slice_)
        if all(wait_s > 0 for wait_s in waits):
            return min(waits, default=0.0)
    return 0.0


def _settle_due(slice_: "Slice") -> list[float]:
    """Settle all that is due. Answers the seconds that each of the others has to wait; 0 for
    those that were due and are open still."""
    waits: list[float] = []
    after = 0
    while rows := _open_rows(slice_, after):
        after = rows[-1].pk
        due_in = {row.pk: _due_in_s(slice_, row) for row in rows}
        waits += [wait_s for wait_s in due_in.values() if wait_s > 0]
        taken = ledger.take_up([pk for pk, wait_s in due_in.items() if wait_s <= 0])
        due = [row for row in rows if row.pk in taken]
        settled = slice_.in_threads(partial(_settle, slice_), due)
        answers = [_or_open(row, answer) for row, answer in zip(due, settled, strict=True)]
        commit.answers(slice_, answers, counted=None)
        slice_.check_lease()
        waits += [0.0 for answer in answers if _goes_on(answer)]
    return waits


def _or_open(row: Delivery, answer: Answer) -> Answer:
    """A call that did not leave now says nothing about the one that may have left before."""
    if answer.state != State.PENDING:
        return answer
    problem = "send" if row.problem == "send" else "no_answer"
    return replace(answer, state=State.UNCERTAIN, problem=problem)


def _goes_on(answer: Answer) -> bool:
    return answer.state == State.UNCERTAIN and answer.problem not in FOR_A_PERSON


def call_of(row: Delivery) -> Call:
    """The call of an open row, as it was made."""
    stored = envelope.open_json(
        Domain.PAYLOAD, bytes(row.request_sealed), place=row.place("request")
    )
    return Call(
        id=row.pk,
        object=row.route.object,
        operation=cast("Verb", row.operation),
        prepared=Prepared.from_json(stored["prepared"]),
        values=decode(stored["values"]),
        external_id=row.external_id,
        take=stored["take"],
        remote_id=stored["remote_id"],
    )


def open_remote(route: Route, known: Known) -> dict[str, Any]:
    """Remote id and taken values of a known record: `{"id": "", "take": {}}` if it has none."""
    if not known.remote_sealed:
        return {"id": "", "take": {}}
    place = Delivery(route=route, source_key=known.source_key).place("remote")
    opened: dict[str, Any] = envelope.open_json(Domain.PAYLOAD, known.remote_sealed, place=place)
    return opened


def _open_rows(slice_: "Slice", after: int) -> Sequence[Delivery]:
    return list(
        Delivery.objects.filter(route=slice_.compiled.route, state=State.UNCERTAIN, pk__gt=after)
        .exclude(problem__in=FOR_A_PERSON)
        .select_related("route")
        .order_by("pk")[:AT_ONCE]
    )


def _due_in_s(slice_: "Slice", row: Delivery) -> float:
    """Seconds until this row may be settled: at once by key, later by look-up.

    The time for a look-up counts from when the call was given up, not from when it was
    claimed: it may have left long after its claim, behind others.
    """
    contract = slice_.contract
    if row.problem in ("steps", "send") or contract.may_repeat(row.operation, _ago_s(row.sent_at)):
        return 0.0
    return max(0.0, contract.unseen_s - _ago_s(row.settled_at))


def _ago_s(moment: datetime | None) -> float:
    assert moment is not None
    return (timezone.now() - moment) / timedelta(seconds=1)


def _settle(slice_: "Slice", row: Delivery) -> Answer:
    client, contract, call = slice_.destination, slice_.contract, call_of(row)
    if row.problem == "steps":
        return _finish(slice_, row, call)
    if contract.may_repeat(call.operation, _ago_s(row.sent_at)):
        return deliver.deliver(client, contract, call, wait=slice_.wait)
    if row.problem == "send":
        # A person has looked: it is not there.
        return _send_again(slice_, call)
    if call.operation == "update" and contract.can_read:
        return _settle_update(slice_, call)
    if call.operation == "update" or not contract.can_find:
        return Answer(
            call.id,
            State.UNCERTAIN,
            problem="no_way",
            text="It got no answer, and can't be looked up there. A person has to look.",
        )
    seen = deliver.look_up(client, call)
    return _send_again(slice_, call) if seen is None else seen


def _settle_update(slice_: "Slice", call: Call) -> Answer:
    """See what is there now: the change, or a record that still waits for it."""
    client = slice_.destination
    try:
        now = client.read_back(call.object, call.remote_id)
        if now is None:
            text = "The record that should be changed is not there any more."
            return Answer(call.id, State.REJECTED, problem="gone", text=text)
        if all(now.values.get(name) == value for name, value in call.values.items()):
            return Answer(
                call.id, State.DELIVERED, remote_id=call.remote_id, take={**call.take, **now.take}
            )
        again = client.prepare_update(
            call.object,
            call.values,
            remote_id=call.remote_id,
            take=call.take,
            key=uuid4().hex,
            external_id=call.external_id,
            current=now,
        )
    except SystemFailure as failure:
        problem = "refused" if failure.kind is Kind.REFUSED else "no_answer"
        state = State.REJECTED if problem == "refused" else State.UNCERTAIN
        return Answer(call.id, state, problem=problem, text=failure.message)
    return _send_again(slice_, replace(call, prepared=again))


def _send_again(slice_: "Slice", call: Call) -> Answer:
    """It is not there, for certain: the call leaves once more."""
    if not ledger.send_again(call.id):
        return Answer(call.id, State.UNCERTAIN, problem="no_answer")
    again = replace(call, look_first=False)
    answer = deliver.deliver(slice_.destination, slice_.contract, again, wait=slice_.wait)
    if answer.failure is not None and answer.failure.kind is Kind.REFUSED:
        return replace(answer, state=State.REJECTED, problem="refused", failure=None)
    return answer


def _finish(slice_: "Slice", row: Delivery, call: Call) -> Answer:
    """The record is there; make the steps that follow, each noted as soon as it is done."""
    remote: Mapping[str, Any] = envelope.open_json(
        Domain.PAYLOAD, bytes(row.remote_sealed), place=row.place("remote")
    )
    done = Delivery.objects.filter(pk=row.pk)
    return deliver.finish(
        slice_.destination,
        call,
        remote,
        key=row.key,
        done=row.steps_done,
        on_step=lambda number: void(done.update(steps_done=number)),
    )


def void(_: object) -> None:
    """For a callback that answers nothing."""
