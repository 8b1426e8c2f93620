"""Ask for jobs, claim them, let time pass, act from a second connection."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from connector.jobs import queue
from connector.jobs.models import Job
from connector.jobs.queue import Claimed
from connector.jobs.registry import Kind

RUN = Kind.FLOWS_RUN


def ask(kind: Kind = RUN, **given: Any) -> bool:
    with transaction.atomic():
        return queue.enqueue(kind, **given)


def the_claimed(holder: str = "a") -> Claimed:
    (job,) = queue.claim(holder)
    return job


def run_of(job: Claimed) -> object:
    return queue.read(job)[1]["run"]


def let_the_lease_end() -> None:
    Job.objects.filter(state=Job.State.RUNNING).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def make_due() -> None:
    Job.objects.filter(state=Job.State.WAITING).update(
        not_before=timezone.now() - timedelta(seconds=1)
    )


@contextmanager
def another_connection() -> Iterator[ThreadPoolExecutor]:
    """A thread that keeps its own connection to the database."""
    with ThreadPoolExecutor(1) as thread:
        yield thread
        thread.submit(lambda: connection.close()).result()
