"""What a slice writes: a page with its sum and its place in one transaction."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows import held, ledger, payloads
from connector.flows.deliver import Answer
from connector.flows.identity import Names
from connector.flows.ledger import Result
from connector.flows.models import Cursor, Delivery, Run
from connector.flows.page import Page
from connector.flows.readers import Batch
from connector.jobs import queue

if TYPE_CHECKING:
    from connector.flows.runner import Slice

State = Delivery.State


@transaction.atomic
def page(slice_: "Slice", batch: Batch, planned: Page, answered: Sequence[Answer]) -> None:
    """Count a page: its sum, held records, payloads, the cursor, the next place.

    Everything of it or nothing; so a page that is read again counts once.

    Args:
        answered: what came of its calls, recorded by `answers` as it came.
    """
    run = slice_.run
    states = Counter(answer.state for answer in answered)
    missed = len(planned.to_send) - len(answered)
    counts = {
        "read": planned.read + batch.skipped,
        "delivered": states[State.DELIVERED] + len(planned.late),
        "unchanged": planned.unchanged,
        "skipped": planned.skipped + batch.skipped,
        "held": len(planned.held),
        "rejected": planned.rejected + states[State.REJECTED],
        "uncertain": len(planned.open) + states[State.UNCERTAIN] + missed,
    }
    sent = {answer.id for answer in answered}
    ledger.mark_counted([*planned.late, *planned.open, *sent], run)
    ledger.refresh_prints(planned.new_prints)
    held.keep(run, slice_.compiled.route, planned.held)
    waiting = {one.record.source_key for one in planned.held}
    held.solved(run, [key for key in planned.keys if key not in waiting])
    payloads.keep(slice_, planned.to_send, sent)
    queue.advance(slice_.job.id)
    _move(slice_, batch, counts)


@transaction.atomic
def answers(slice_: "Slice", answered: Sequence[Answer], *, counted: bool | None) -> None:
    """Record results outside a page.

    Args:
        counted: False for a page that is given up: it will be read and counted again.
            None for settled rows, which keep what they were; if this very run has
            counted them as uncertain, its sum follows.
    """
    rows = {
        row.pk: row
        for row in Delivery.objects.filter(pk__in=[answer.id for answer in answered]).only(
            "id", "counted", "run_id"
        )
    }
    keeps = {pk: row.counted if counted is None else counted for pk, row in rows.items()}
    written = _record(slice_, answered, counted=keeps)
    moved = Counter(
        answer.state
        for answer in answered
        if answer.id in written and counted is None and _in_sum(rows[answer.id], slice_.run)
    )
    moves = {
        name: moved[state]
        for name, state in (("delivered", State.DELIVERED), ("rejected", State.REJECTED))
        if moved[state]
    }
    if moves:
        Run.objects.filter(pk=slice_.run.pk).update(
            uncertain=F("uncertain") - sum(moves.values()),
            **{name: F(name) + number for name, number in moves.items()},
        )
    _wake(slice_, answered, written)
    if written:
        queue.advance(slice_.job.id)


def _in_sum(row: Delivery, run: Run) -> bool:
    return row.counted and row.run_id == run.pk


def _record(
    slice_: "Slice", answered: Sequence[Answer], *, counted: bool | dict[int, bool]
) -> set[int]:
    if not answered:
        return set()
    keys = dict(
        Delivery.objects.filter(pk__in=[a.id for a in answered]).values_list("id", "source_key")
    )
    names = slice_.names
    results = []
    for answer in answered:
        row = Delivery(route=slice_.compiled.route, source_key=bytes(keys[answer.id]))
        flag = counted if isinstance(counted, bool) else counted[answer.id]
        results.append(_result(answer, row, names, counted=flag))
    return ledger.record(results)


def _result(answer: Answer, row: Delivery, names: Names, *, counted: bool) -> Result:
    remote_key, remote_sealed = None, b""
    if answer.remote_id:
        remote_key = names.remote_key(answer.remote_id)
        remote_sealed = envelope.seal_json(
            Domain.PAYLOAD,
            {"id": answer.remote_id, "take": dict(answer.take)},
            place=row.place("remote"),
        )
    problem_sealed = b""
    if answer.text:
        problem_sealed = envelope.seal_json(
            Domain.PAYLOAD, {"text": answer.text[:500]}, place=row.place("problem")
        )
    return Result(
        id=answer.id,
        state=answer.state,
        origin=answer.origin,
        remote_key=remote_key,
        remote_sealed=remote_sealed,
        problem=answer.problem,
        problem_sealed=problem_sealed,
        counted=counted and answer.state != State.PENDING,
    )


def _wake(slice_: "Slice", answered: Sequence[Answer], written: set[int]) -> None:
    """Release what was held until these were settled."""
    over = (State.DELIVERED, State.REJECTED)
    settled = [a.id for a in answered if a.state in over and a.id in written]
    if settled and held.anything_waits_for_deliveries():
        held.release_settled(slice_.compiled.route, settled)


def _move(slice_: "Slice", batch: Batch, counts: dict[str, int]) -> None:
    run = slice_.run
    sealed = envelope.seal_json(Domain.PAYLOAD, batch.position, place=run.position_place)
    Run.objects.filter(pk=run.pk).update(
        pages=F("pages") + 1,
        position_sealed=sealed,
        message="",
        failing_since=None,
        **{name: F(name) + number for name, number in counts.items()},
    )
    if batch.mark:
        Cursor.objects.update_or_create(
            flow_id=run.flow_id,
            source_id=run.version.source_id,
            stream=run.version.stream,
            defaults={"mark": batch.mark, "moved_at": timezone.now()},
        )
