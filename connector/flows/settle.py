"""What to do with calls of which nobody knows whether they arrived.

A slice holds its route alone, so whatever it finds in `sending` or `uncertain` was left
by somebody who died or got no answer:

    the destination knows our key    inside its window, the same call again, byte for byte
    it can be looked up              wait until a fresh record must be seen, then ask;
                                     absent, and that is proof: the same call again
    neither                          a person decides, in the inbox
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
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
AT_ONCE = 200
MOST_PASSES = 3
FOR_A_PERSON = ("not_proven", "ambiguous", "no_way")


def settle_open(slice_: "Slice") -> float:
    """Settle what is open on the route of this slice, as far as that can be done now.

    Rows that only a person can decide are left alone.

    Returns:
        Seconds until the next row may be settled; 0 if nothing has to be waited for.
    """
    for _ in range(MOST_PASSES):
        rows = _open_rows(slice_)
        calls = [call_of(row) for row in rows]
        waits = [_due_in_s(slice_, row, call) for row, call in zip(rows, calls, strict=True)]
        due = [number for number, wait_s in enumerate(waits) if wait_s <= 0]
        if not due:
            return min(waits, default=0.0)
        answers = slice_.in_threads(
            partial(_settle, slice_), [calls[n] for n in due], [rows[n] for n in due]
        )
        commit.answers(slice_, list(answers), counted=None)
        slice_.check_lease()
    return 0.0


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


def _open_rows(slice_: "Slice") -> Sequence[Delivery]:
    return list(
        Delivery.objects.filter(
            route=slice_.compiled.route, state__in=[State.SENDING, State.UNCERTAIN]
        )
        .exclude(problem__in=FOR_A_PERSON)
        .select_related("route")
        .order_by("pk")[:AT_ONCE]
    )


def _due_in_s(slice_: "Slice", row: Delivery, call: Call) -> float:
    """Seconds until this row may be settled: at once by key, later by look-up."""
    assert row.sent_at is not None
    contract = slice_.contract
    if row.problem in ("steps", "send") or contract.may_repeat(call.operation, _ago_s(row)):
        return 0.0
    return max(0.0, contract.unseen_s - _ago_s(row))


def _ago_s(row: Delivery) -> float:
    assert row.sent_at is not None
    return (timezone.now() - row.sent_at) / timedelta(seconds=1)


def _settle(slice_: "Slice", call: Call, row: Delivery) -> Answer:
    client, contract = slice_.destination, slice_.contract
    if row.problem == "steps":
        return _finish(slice_, row, call)
    if contract.may_repeat(call.operation, _ago_s(row)):
        return deliver.deliver(client, contract, call, wait=slice_.wait)
    if call.operation == "update":
        return _settle_update(slice_, call)
    if row.problem == "send":
        # A person has looked: it is not there.
        return _send_again(slice_, call)
    if not contract.can_find:
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
    ledger.send_again([call.id])
    again = replace(call, look_first=False)
    return deliver.deliver(slice_.destination, slice_.contract, again, wait=slice_.wait)


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
