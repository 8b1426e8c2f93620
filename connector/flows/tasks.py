"""What the worker runs of the flows. The one broad except of each job is in the queue."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto.errors import CryptoError
from connector.flows import (
    decisions,
    dispatch,
    held,
    ledger,
    maps,
    previews,
    runner,
    trial,
)
from connector.flows.errors import FlowsError, RunHandedOver
from connector.flows.models import Connection, Flow, Preview, Run
from connector.jobs.registry import Args
from connector.jobs.running import RunningJob
from connector.systems.errors import Kind, SystemFailure
from connector.vault import change_over

GIVE_UP_AFTER = timedelta(minutes=30)  # without a page in between
_ENDED: dict[str, Action] = {
    Run.State.FINISHED: Action.RUN_FINISHED,
    Run.State.STOPPED: Action.RUN_STOPPED,
    Run.State.CANCELLED: Action.RUN_CANCELLED,
}
_REST = ("unchanged", "skipped", "held", "rejected", "uncertain")


def run(args: Args, job: RunningJob) -> None:
    """One slice of a run; the next is queued, or the run is closed."""
    row = _begin(UUID(str(args["run"])))
    if row.is_over:
        return
    try:
        done = runner.run_slice(row, job)
    except RunHandedOver as later:
        _later(row, later.message, later.wait_s)
    except SystemFailure as failure:
        _failed(row, failure)
    except (FlowsError, CryptoError) as stopped:
        close(row, Run.State.STOPPED, getattr(stopped, "message", str(stopped)))
    else:
        if done:
            row.refresh_from_db(fields=["cancel_asked"])
            close(row, Run.State.CANCELLED if row.cancel_asked else Run.State.FINISHED, "")
        else:
            _later(row, "", 0)


def release_held(args: Args, job: RunningJob) -> None:
    """A new version of a value map is there: release what waited for its entries."""
    maps.release_for(UUID(str(args["version"])))


def decide(args: Args, job: RunningJob) -> None:
    """Carry out what a person decided about an uncertain or rejected delivery."""
    decisions.carry_out(int(args["delivery"]), str(args["decision"]), str(args["actor"]))


def test_connection(args: Args, job: RunningJob) -> None:
    """Call the system's test; the answer goes to the connection's row, never a secret."""
    trial.test(Connection.objects.get(pk=UUID(str(args["connection"]))))


def use_credential(args: Args, job: RunningJob) -> None:
    """Put a new version in use without a test, as somebody asked; then say whether it works."""
    version = UUID(str(args["version"]))
    change_over.put_in_use(version, actor=str(args["actor"]), reason="used without a test")
    for row in Connection.objects.filter(credential__versions=version, archived_at=None):
        trial.test(row)


def preview(args: Args, job: RunningJob) -> None:
    """Try a draft of a mapping on real records."""
    previews.make(Preview.objects.select_related("flow").get(pk=UUID(str(args["preview"]))))


@transaction.atomic
def _begin(pk: UUID) -> Run:
    """The run, ready for a slice: of the version that is current when its first slice begins."""
    row = Run.objects.select_for_update(of=("self",)).select_related("flow").get(pk=pk)
    if row.is_over:
        return row
    if not row.flow.enabled or row.flow.archived_at:
        close(row, Run.State.STOPPED, "The flow was switched off.")
        return row
    starts = row.state == Run.State.QUEUED
    if starts:
        row.state, row.started_at = Run.State.RUNNING, timezone.now()
        row.version_id = row.flow.current_id or row.version_id
    row.slices += 1
    row.save(update_fields=["state", "started_at", "version", "slices"])
    row = Run.objects.select_related(
        "flow", "version__source", "version__destination", "version__flow"
    ).get(pk=pk)
    if starts:
        log.record(
            Action.RUN_STARTED,
            actor="worker",
            subject=ledger.run_subject(row.pk),
            flow=row.flow.slug,
            version=row.version.number,
            cause=row.cause,
            kind=row.kind,
        )
    return row


@transaction.atomic
def _later(row: Run, message: str, wait_s: float, **changes: Any) -> None:
    Run.objects.filter(pk=row.pk).update(message=message[:500], **changes)
    dispatch.enqueue(row, delay_s=wait_s)


def _failed(row: Run, failure: SystemFailure) -> None:
    """Try again while there is hope; the page at hand was not counted and is read again."""
    row.refresh_from_db(fields=["failing_since"])
    since = row.failing_since or timezone.now()
    if failure.retryable and timezone.now() - since < GIVE_UP_AFTER:
        pause = failure.wait_s or (30.0 if failure.kind is Kind.RATE_LIMITED else 5.0)
        _later(row, failure.message, pause, failing_since=since)
        return
    close(row, Run.State.STOPPED, failure.message)


@transaction.atomic
def close(row: Run, state: str, message: str) -> None:
    """End a run that is still open, with its audit entry and what follows from it."""
    # Whoever releases a record of the flow waits, or is waited for: none falls in between.
    Flow.objects.select_for_update(no_key=True).get(pk=row.flow_id)
    closed = Run.objects.filter(pk=row.pk, state__in=[Run.State.QUEUED, Run.State.RUNNING]).update(
        state=state, message=message[:500], finished_at=timezone.now(), position_sealed=b""
    )
    if not closed:
        return
    row.refresh_from_db()
    facts: dict[str, str | int] = {
        "flow": row.flow.slug,
        "read": row.read,
        "delivered": row.delivered,
    }
    if state == Run.State.FINISHED:
        facts |= {name: getattr(row, name) for name in _REST}
    elif state == Run.State.STOPPED:
        facts["reason"] = message[:200]
    log.record(_ENDED[state], actor="worker", subject=ledger.run_subject(row.pk), **facts)
    if state == Run.State.FINISHED:
        dispatch.start_followers(row.flow, actor="worker")
        held.start_rest(row.flow)
