"""What the box says of itself in numbers. No figure reads the whole ledger or all runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from connector.audit.models import Entry
from connector.flows.models import Connection, Delivery, HeldRecord, Run
from connector.jobs import queue
from connector.jobs.models import Job
from connector.webhooks.models import Event

DAY = timedelta(hours=24)
MOST_DUE = 100_000
JOBS = (Job.State.WAITING, Job.State.RUNNING, Job.State.PARKED)
# Each of these has an index of its own; delivered ones are counted by run.
DELIVERIES = (Delivery.State.SENDING, Delivery.State.UNCERTAIN, Delivery.State.REJECTED)


@dataclass(frozen=True, slots=True)
class Figures:
    """How much there is now. Runs and their records are those of the last 24 hours."""

    jobs: dict[str, int]
    jobs_due: int
    oldest_job_due_s: float
    runs: dict[str, int]
    records: dict[str, int]
    deliveries: dict[str, int]
    deliveries_in_all: int
    records_held: int
    events_waiting: int
    connections: dict[str, int]


@dataclass(frozen=True, slots=True)
class AuditLog:
    """How far the audit log has come. `newest_at` is in UTC; empty if there is no entry."""

    entries: int
    newest_number: int
    newest_at: str


def figures() -> Figures:
    """Ask for all of them."""
    recent = Run.objects.filter(created_at__gte=timezone.now() - DAY)
    states = recent.order_by().values_list("state").annotate(Count("pk"))
    kept = Connection.objects.filter(archived_at=None).order_by()
    return Figures(
        jobs={str(state): Job.objects.filter(state=state).count() for state in JOBS},
        jobs_due=queue.due(at_most=MOST_DUE),
        oldest_job_due_s=round(queue.oldest_due_s(), 3),
        runs=_with_zeros(states, Run.State.values),
        records=_records(recent),
        deliveries={
            str(state): Delivery.objects.filter(state=state).count() for state in DELIVERIES
        },
        deliveries_in_all=_estimate(Delivery._meta.db_table),
        records_held=HeldRecord.objects.filter(state=HeldRecord.State.WAITING).count(),
        events_waiting=Event.objects.filter(state=Event.State.RECEIVED).count(),
        connections=_with_zeros(
            kept.values_list("health").annotate(Count("pk")), Connection.Health.values
        ),
    )


def audit_log() -> AuditLog:
    """Count the entries, and find the newest."""
    newest = Entry.objects.order_by("-number").values_list("number", "at").first()
    if newest is None:
        return AuditLog(0, 0, "")
    return AuditLog(Entry.objects.count(), newest[0], newest[1].isoformat())


def _records(runs: "QuerySet[Run]") -> dict[str, int]:
    sums: dict[str, int] = runs.aggregate(
        delivered=Sum("delivered", default=0),
        unchanged=Sum("unchanged", default=0),
        skipped=Sum("skipped", default=0),
        held=Sum("held", default=0),
        rejected=Sum("rejected", default=0),
        uncertain=Sum("uncertain", default=0),
    )
    return {outcome: int(records) for outcome, records in sums.items()}


def _with_zeros(counted: Iterable[tuple[str, int]], names: Iterable[str]) -> dict[str, int]:
    found = dict(counted)
    return {name: found.get(name, 0) for name in names}


def _estimate(table: str) -> int:
    """About how many rows a table has, as the database knows it since it last looked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        return max(0, int(cursor.fetchone()[0]))
