"""What keeps runs in order; called by the beat."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.fields import CharField
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from connector.flows import dispatch, tasks
from connector.flows.models import Run
from connector.jobs.models import Job
from connector.jobs.registry import Kind

GRACE = timedelta(seconds=15)
AT_ONCE = 100
DIED = (
    "The worker ended again and again while it worked on this page. Nothing is lost: "
    "what was sent is in the ledger. Look into the worker's log, then run the flow again."
)


def beat() -> int:
    """Take up the runs that no job works on: end those whose job was parked, queue the others.

    Answers how many there were.
    """
    found = 0
    for run in _without_job()[:AT_ONCE]:
        found += _take_up(run)
    return found


@transaction.atomic
def _take_up(run: Run) -> bool:
    row = Run.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=run.pk).first()
    if row is None or row.is_over or not _without_job().filter(pk=row.pk).exists():
        return False
    parked = Job.objects.filter(dedupe_key=dispatch.job_key(row), state=Job.State.PARKED)
    if parked.exists():
        tasks.close(row, Run.State.STOPPED, DIED)
    else:
        dispatch.enqueue(row)
    return True


def _without_job() -> QuerySet[Run]:
    key = Concat(Value(f"{Kind.FLOWS_RUN}:"), Cast(OuterRef("pk"), CharField()))
    live = Job.objects.filter(dedupe_key=key, state__in=[Job.State.WAITING, Job.State.RUNNING])
    return Run.objects.filter(
        ~Exists(live), state__in=dispatch.ACTIVE, created_at__lt=timezone.now() - GRACE
    ).order_by("created_at")
