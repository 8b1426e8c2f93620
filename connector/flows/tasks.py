"""What the worker runs of the flows. The one broad except of each job is in the queue."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import envelope
from connector.crypto.errors import CryptoError
from connector.crypto.keyring import Domain
from connector.flows import (
    clients,
    connections,
    decisions,
    dispatch,
    held,
    ledger,
    maps,
    previews,
    runner,
)
from connector.flows.errors import FlowsError, RunHandedOver
from connector.flows.models import Connection, Preview, Run
from connector.jobs.registry import Args
from connector.jobs.running import RunningJob
from connector.systems.errors import Kind, SystemFailure

GIVE_UP_AFTER = timedelta(minutes=30)


def run(args: Args, job: RunningJob) -> None:
    """One slice of a run; the next is queued, or the run is closed."""
    row = Run.objects.select_related(
        "flow", "version__source", "version__destination", "version__flow"
    ).get(pk=UUID(str(args["run"])))
    if row.is_over:
        return
    _begin(row)
    try:
        done = runner.run_slice(row, job)
    except RunHandedOver as later:
        _later(row, later.message, later.wait_s)
    except SystemFailure as failure:
        _failed(row, failure)
    except (FlowsError, CryptoError) as stopped:
        _close(row, Run.State.STOPPED, getattr(stopped, "message", str(stopped)))
    else:
        if done:
            row.refresh_from_db(fields=["cancel_asked"])
            _close(row, Run.State.CANCELLED if row.cancel_asked else Run.State.FINISHED, "")
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
    row = Connection.objects.get(pk=UUID(str(args["connection"])))
    account: dict[str, str] = {}
    try:
        with clients.open_client(
            row, purpose=f"test:{row.pk}", actor="worker", read_only=True
        ) as client:
            account = dict(client.check().account)
        health, message = Connection.Health.OK, ""
    except (SystemFailure, FlowsError, CryptoError) as failure:
        health, message = Connection.Health.FAILING, getattr(failure, "message", str(failure))
    with transaction.atomic():
        now = timezone.now()
        row.health, row.health_message, row.checked_at = health, message[:500], now
        row.last_ok_at = now if health == Connection.Health.OK else row.last_ok_at
        row.account_sealed = envelope.seal_json(Domain.CONFIG, account, place=row.account_place)
        row.save(
            update_fields=[
                "health",
                "health_message",
                "checked_at",
                "last_ok_at",
                "account_sealed",
            ]
        )
        log.record(
            Action.CONNECTION_TESTED,
            actor="worker",
            subject=connections.subject(row),
            slug=row.slug,
            result=str(health),
        )


def preview(args: Args, job: RunningJob) -> None:
    """Try a draft of a mapping on real records."""
    previews.make(Preview.objects.select_related("flow").get(pk=UUID(str(args["preview"]))))


@transaction.atomic
def _begin(row: Run) -> None:
    started = Run.objects.filter(pk=row.pk, state=Run.State.QUEUED).update(
        state=Run.State.RUNNING, started_at=timezone.now()
    )
    Run.objects.filter(pk=row.pk).update(slices=F("slices") + 1)
    row.refresh_from_db(fields=["state", "position_sealed", "pages", "started_at"])
    if started:
        log.record(
            Action.RUN_STARTED,
            actor="worker",
            subject=ledger.run_subject(row.pk),
            flow=row.flow.slug,
            version=row.version.number,
            cause=row.cause,
            kind=row.kind,
        )


@transaction.atomic
def _later(row: Run, message: str, wait_s: float) -> None:
    Run.objects.filter(pk=row.pk).update(message=message[:500])
    dispatch.enqueue(row, delay_s=wait_s)


def _failed(row: Run, failure: SystemFailure) -> None:
    """Try again while there is hope; the page at hand was not counted and is read again."""
    began = row.started_at or timezone.now()
    if failure.retryable and timezone.now() - began < GIVE_UP_AFTER:
        pause = failure.wait_s or (30.0 if failure.kind is Kind.RATE_LIMITED else 5.0)
        _later(row, failure.message, pause)
        return
    _close(row, Run.State.STOPPED, failure.message)


@transaction.atomic
def _close(row: Run, state: str, message: str) -> None:
    closed = Run.objects.filter(pk=row.pk, state__in=[Run.State.QUEUED, Run.State.RUNNING]).update(
        state=state, message=message[:500], finished_at=timezone.now(), position_sealed=b""
    )
    if not closed:
        return
    row.refresh_from_db()
    subject, flow = ledger.run_subject(row.pk), row.flow.slug
    if state == Run.State.FINISHED:
        log.record(
            Action.RUN_FINISHED,
            actor="worker",
            subject=subject,
            flow=flow,
            read=row.read,
            delivered=row.delivered,
            unchanged=row.unchanged,
            skipped=row.skipped,
            held=row.held,
            rejected=row.rejected,
            uncertain=row.uncertain,
        )
        dispatch.start_followers(row.flow, actor="worker")
        held.start_rest(row.flow)
    elif state == Run.State.STOPPED:
        log.record(
            Action.RUN_STOPPED,
            actor="worker",
            subject=subject,
            flow=flow,
            reason=message[:200],
            read=row.read,
            delivered=row.delivered,
        )
    else:
        log.record(
            Action.RUN_CANCELLED,
            actor="worker",
            subject=subject,
            flow=flow,
            read=row.read,
            delivered=row.delivered,
        )
