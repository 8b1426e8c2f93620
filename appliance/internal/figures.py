"""What the box says of itself in numbers. No figure reads the whole ledger or all runs."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

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
OUTCOMES = ("delivered", "unchanged", "skipped", "held", "rejected", "uncertain")


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
    sums = recent.aggregate(**{name: Sum(name, default=0) for name in OUTCOMES})
    return Figures(
        jobs={str(state): Job.objects.filter(state=state).count() for state in JOBS},
        jobs_due=queue.due(at_most=MOST_DUE),
        oldest_job_due_s=round(queue.oldest_due_s(), 3),
        runs=_counted(recent, "state", Run.State.values),
        records={name: int(sums[name]) for name in OUTCOMES},
        deliveries={
            str(state): Delivery.objects.filter(state=state).count() for state in DELIVERIES
        },
        deliveries_in_all=_estimate(Delivery._meta.db_table),
        records_held=HeldRecord.objects.filter(state=HeldRecord.State.WAITING).count(),
        events_waiting=Event.objects.filter(state=Event.State.RECEIVED).count(),
        connections=_counted(
            Connection.objects.filter(archived_at=None), "health", Connection.Health.values
        ),
    )


def audit_log() -> AuditLog:
    """Count the entries, and find the newest."""
    newest = Entry.objects.order_by("-number").values_list("number", "at").first()
    if newest is None:
        return AuditLog(0, 0, "")
    return AuditLog(Entry.objects.count(), newest[0], newest[1].isoformat())


def _counted(rows: "QuerySet[Any]", field: str, names: list[str]) -> dict[str, int]:
    found = dict(rows.order_by().values_list(field).annotate(Count("pk")))
    return {name: found.get(name, 0) for name in names}


def _estimate(table: str) -> int:
    """About how many rows a table has, as the database knows it since it last looked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        return max(0, int(cursor.fetchone()[0]))
