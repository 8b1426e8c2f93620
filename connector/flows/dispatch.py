"""Starting and cancelling runs: a row and a job, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows import definition, ledger
from connector.flows.errors import NotPossible
from connector.flows.models import Flow, Run
from connector.jobs import queue
from connector.jobs.registry import Kind

MOST_RECORDS = 1_000
ACTIVE = (Run.State.QUEUED, Run.State.RUNNING)


@transaction.atomic
def start(
    flow: Flow,
    *,
    cause: str,
    actor: str,
    kind: str = Run.Kind.INCREMENTAL,
    tick: datetime | None = None,
    records: Sequence[str] = (),
) -> Run | None:
    """Start a run of the current version. None if one of this kind is still going on.

    Raises:
        NotPossible: the flow is off, archived or has no version yet.
    """
    flow = Flow.objects.select_related("current").get(pk=flow.pk)  # what is so now, not then
    if flow.current is None or flow.archived_at:
        raise NotPossible(f"The flow {flow.title} has no version that could run.")
    if not flow.enabled:
        raise NotPossible(f"The flow {flow.title} is off. Nothing was started.")
    run = Run(
        id=uuid4(),
        flow=flow,
        version=flow.current,
        kind=kind,
        cause=cause,
        actor=actor,
        tick=tick,
    )
    if records:
        run.input_sealed = envelope.seal_json(
            Domain.PAYLOAD, {"records": list(records)}, place=run.input_place
        )
    try:
        with transaction.atomic():
            run.save(force_insert=True)
    except IntegrityError:
        return None
    log.record(
        Action.RUN_ASKED,
        actor=actor,
        subject=ledger.run_subject(run.pk),
        flow=flow.slug,
        version=flow.current.number,
        cause=cause,
        kind=kind,
    )
    enqueue(run)
    return run


def start_records(flow: Flow, ids: Sequence[str], *, cause: str, actor: str) -> Run | None:
    """Start a run over records named by their ids at the source (a webhook brought them).

    Answers None while such a run is going on: ask again when it is over.

    Raises:
        ValueError: more ids than one run takes.
    """
    if len(ids) > MOST_RECORDS:
        raise ValueError(f"at most {MOST_RECORDS} records a run")
    return start(flow, cause=cause, actor=actor, kind=Run.Kind.RECORDS, records=ids)


def flows_of_endpoint(slug: str) -> list[Flow]:
    """The enabled flows that an endpoint triggers."""
    flows = Flow.objects.filter(enabled=True, archived_at=None).exclude(current=None)
    return [
        flow
        for flow in flows.select_related("current")
        if flow.current and definition.of(flow.current).endpoint == slug
    ]


def start_followers(flow: Flow, *, actor: str) -> list[Run]:
    """Start the flows that run after this one."""
    started = []
    for other in Flow.objects.filter(enabled=True, archived_at=None).select_related("current"):
        if other.current and flow.slug in definition.of(other.current).after:
            run = start(other, cause=Run.Cause.AFTER, actor=actor)
            if run:
                started.append(run)
    return started


def enqueue(run: Run, *, delay_s: float = 0) -> None:
    """Queue the next slice of a run. People's runs go before the clock's."""
    by_hand = run.cause in (Run.Cause.MANUAL, Run.Cause.COMMAND)
    queue.enqueue(
        Kind.FLOWS_RUN,
        args={"run": str(run.pk)},
        dedupe_key=job_key(run),
        priority=20 if by_hand else 50,
        delay_s=delay_s,
    )


def job_key(run: Run) -> str:
    """What the jobs of a run have in common: at most one waits and one runs."""
    return f"{Kind.FLOWS_RUN}:{run.pk}"


@transaction.atomic
def cancel(run: Run, *, actor: str) -> None:
    """Ask a run to end after the page at hand; one that waits still ends at once.

    Raises:
        NotPossible: it is over.
    """
    row = Run.objects.select_for_update().select_related("flow").get(pk=run.pk)
    if row.is_over:
        raise NotPossible("This run is over already.")
    row.cancel_asked = True
    if row.state == Run.State.QUEUED:
        row.state = Run.State.CANCELLED
        row.finished_at = timezone.now()
    row.save(update_fields=["cancel_asked", "state", "finished_at"])
    log.record(
        Action.RUN_CANCELLED,
        actor=actor,
        subject=ledger.run_subject(row.pk),
        flow=row.flow.slug,
        read=row.read,
        delivered=row.delivered,
    )
