"""From stored events to runs: one run of a flow for all records that were named meanwhile."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import envelope
from connector.crypto.errors import CannotOpen
from connector.crypto.keyring import Domain
from connector.flows import dispatch
from connector.flows.models import Flow, Run
from connector.jobs.running import RunningJob
from connector.webhooks import receive, store
from connector.webhooks.models import Endpoint, Event

BATCH = 500
TRY_AGAIN_S = 1.0


class _Busy(Exception):
    """A run of the flow is going on; what is waiting goes with the next one."""


@dataclass(frozen=True, slots=True)
class _Hint:
    """One event and the record it speaks of; without a stream it could not be opened."""

    event: Event
    stream: str
    record_id: str


def process_endpoint(endpoint_id: UUID, job: RunningJob) -> int:
    """Hand the waiting events of an endpoint to its flows, oldest first; return how many.

    A batch starts one run of each flow and marks its events in the same transaction. While one
    of the flows is busy with earlier events, all stay as they are and a job looks again soon.
    """
    endpoint = Endpoint.objects.select_related("connection").get(pk=endpoint_id)
    done = 0
    try:
        while not (job.stop.is_set() or job.lost.is_set()):
            handled = _batch(endpoint)
            done += handled
            if not handled:
                return done
    except _Busy:
        _look_again(endpoint, delay_s=TRY_AGAIN_S)
        return done
    _look_again(endpoint, delay_s=0)
    return done


@transaction.atomic
def _batch(endpoint: Endpoint) -> int:
    waiting = Event.objects.select_for_update().filter(
        endpoint=endpoint, state=Event.State.RECEIVED
    )
    hints = [_hint(event) for event in waiting.order_by("id")[:BATCH]]
    if hints:
        _mark(endpoint, hints, _start_runs(endpoint, hints))
    return len(hints)


def _start_runs(endpoint: Endpoint, hints: Sequence[_Hint]) -> Mapping[str, Run]:
    """One run of each flow that listens; the first of them by stream, which the events name."""
    first: dict[str, Run] = {}
    for flow, stream in _listening(endpoint):
        ids = list(dict.fromkeys(one.record_id for one in hints if one.stream == stream))
        if not ids:
            continue
        run = dispatch.start_records(
            flow, ids, cause=Run.Cause.WEBHOOK, actor=f"webhook:{endpoint.slug}"
        )
        if run is None:
            raise _Busy
        first.setdefault(stream, run)
    return first


def _listening(endpoint: Endpoint) -> Iterable[tuple[Flow, str]]:
    """The flows that listen to the endpoint and read the account that it belongs to."""
    for flow in dispatch.flows_of_endpoint(endpoint.slug):
        if flow.current and flow.current.source_id == endpoint.connection_id:
            yield flow, flow.current.stream


def _mark(endpoint: Endpoint, hints: Sequence[_Hint], runs: Mapping[str, Run]) -> None:
    now = timezone.now()
    for one in hints:
        one.event.state = Event.State.PROCESSED if one.stream else Event.State.UNREADABLE
        one.event.run = runs.get(one.stream)
        one.event.processed_at = now
    Event.objects.bulk_update([one.event for one in hints], ["state", "run", "processed_at"])
    log.record_many(
        Action.WEBHOOK_PROCESSED,
        actor=f"webhook:{endpoint.slug}",
        entries=[
            (
                store.subject(endpoint),
                {
                    "endpoint": endpoint.slug,
                    "event": one.event.event_id,
                    "outcome": _outcome(one),
                    "run": one.event.run_id,
                },
            )
            for one in hints
        ],
    )


def _outcome(one: _Hint) -> str:
    if not one.stream:
        return "unreadable"
    return "run started" if one.event.run_id else "no flow listens"


def _hint(event: Event) -> _Hint:
    try:
        content = envelope.open_json(
            Domain.PAYLOAD, bytes(event.body_sealed), place=event.body_place
        )
    except CannotOpen:
        return _Hint(event, "", "")
    return _Hint(event, content["stream"], content["record"])


def _look_again(endpoint: Endpoint, *, delay_s: float) -> None:
    with transaction.atomic():
        receive.enqueue(endpoint, delay_s=delay_s)
