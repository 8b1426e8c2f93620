"""The one function that django-q2 runs: claim jobs, run them, close them, until none waits."""

import logging
import os
import socket
import time
import uuid
from collections.abc import Sequence
from functools import cache

from django.db import InterfaceError, OperationalError, connection, transaction

from appliance.keyrings import gate
from appliance.queue import shared
from appliance.queue.lease import Keeper
from connector.audit import log
from connector.audit.actions import Action
from connector.jobs import queue, registry
from connector.jobs.errors import JobError, frames, safe_text
from connector.jobs.models import Job
from connector.jobs.queue import Claimed
from connector.jobs.running import RunningJob

logger = logging.getLogger(__name__)

BATCH = 50  # fast jobs held at once; the rest of a batch waits for its slowest
LONGEST_S = 600.0  # well below django-q2's timeout, which would destroy this process
ACTOR = "worker"


def drain() -> None:
    """Work until the queue is empty. No exception leaves: django-q2 would store it as a pickle."""
    holder = f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    ends_at = time.monotonic() + LONGEST_S
    try:
        many = False
        while time.monotonic() < ends_at and not shared.stop_asked() and not gate.trouble():
            shared.beat_pulse()
            jobs = _take(holder, many=many)
            if not jobs:
                return
            many = _are_fast(jobs)
            _run_batch(holder, jobs)
    except Exception as error:
        # jobs that are open now come back when their lease ends
        logger.error("the worker lost its thread (%s)\n%s", type(error).__name__, frames(error))
        connection.close()


def settle_failure(job: Claimed, problem: str, *, at_once: bool = False) -> None:
    """Give a failed job back, or park it and record that, in one transaction."""
    with transaction.atomic():
        state = queue.fail(job, problem, at_once=at_once)
        if state is Job.State.PARKED:
            log.record(
                Action.JOB_PARKED,
                actor=ACTOR,
                subject=f"job:{job.id}",
                kind=job.kind,
                attempts=job.attempts,
            )


def _take(holder: str, *, many: bool) -> list[Claimed]:
    """The head of the queue; after fast jobs, and if it is fast itself, others of its sort too."""
    jobs = queue.claim(holder)
    if many and jobs and _are_fast(jobs):
        jobs += queue.claim(holder, limit=BATCH - 1, kinds=registry.FAST)
    return jobs


def _are_fast(jobs: Sequence[Claimed]) -> bool:
    return all(job.kind in [*registry.FAST] and job.attempts == 1 for job in jobs)


def _run_batch(holder: str, jobs: Sequence[Claimed]) -> None:
    with _keeper().holding(holder, [job.id for job in jobs]) as running:
        done = [job.id for job in jobs if _run(job, running[job.id])]
        if done and queue.finish(holder, done) < len(done):
            logger.warning("the lease of a job ended before the job did; it will run again")


def _run(job: Claimed, running: RunningJob) -> bool:
    """Run one job; True if it is done and only has to be closed."""
    if running.lost.is_set():
        return False
    try:
        kind, args = queue.read(job)
    except JobError as refusal:
        _refuse(job, refusal)
        return False
    try:
        queue.read_barrier(job.dedupe_key)
        registry.entry(kind)(args, running)
    except (OperationalError, InterfaceError) as error:
        # the database is at fault, not the job: its lease brings it back
        logger.warning("job %s lost the database (%s)", job.id, type(error).__name__)
        connection.close()
        return False
    except Exception as error:
        problem = safe_text(error)
        logger.warning("job %s (%s) failed: %s\n%s", job.id, kind, problem, frames(error))
        settle_failure(job, problem)
        return False
    return True


@transaction.atomic
def _refuse(job: Claimed, refusal: JobError) -> None:
    if queue.park(job, refusal.message):
        log.record(
            Action.JOB_REFUSED,
            actor=ACTOR,
            subject=f"job:{job.id}",
            kind=job.kind,
            reason=refusal.message,
        )


@cache
def _keeper() -> Keeper:
    """The keeper of this process; the first job makes it, after the fork."""
    return Keeper()
