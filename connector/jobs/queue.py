"""Everything that changes a job: enqueue, claim, renew, finish, fail.

    waiting ── claim ──> running ── finish ──> done
       ^                   │ │
       └── fail, lease ────┘ └── fail for the fifth time, refuse ──> parked

`done` and `parked` are terminal: every statement here asks for `running` (or,
in a claim, `waiting`) in its WHERE. At most one waiting and one running job have
the same dedupe key.

Coalescing loses no wake-up. Whoever enqueues takes a shared lock on the key
until the commit; a worker takes the same lock exclusively for a moment after
its claim, before it reads (`read_barrier`). So what was written in a transaction
whose enqueue met the row just claimed is committed, and seen.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from connector.jobs import sql
from connector.jobs.errors import NotIds
from connector.jobs.models import Job
from connector.jobs.registry import Args, Kind, known

MOST_ATTEMPTS = 5
LONGEST_WAIT_S = 300
KEEP_DONE = timedelta(days=1)
LONGEST_ID = 100
NO_ARGS: Args = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that one holder may run until its lease ends.

    `kind` and `args`, which is JSON text, are as the table has them: `read` them.
    """

    id: int
    kind: str
    args: str
    dedupe_key: str
    attempts: int
    holder: str


def enqueue(
    kind: Kind,
    *,
    args: Args = NO_ARGS,
    dedupe_key: str = "",
    priority: int = 50,
    delay_s: float = 0,
) -> bool:
    """Ask for one piece of work, as part of the transaction that needs it done.

    Args:
        args: ids only; the worker reads everything else from the database.
        dedupe_key: while a job with this key waits, a second is not written.
        priority: smaller runs earlier.
        delay_s: run not before so many seconds from now.

    Returns:
        False if a job with this key is waiting already.

    Raises:
        RuntimeError: no transaction is open; the job could run without what it is about.
        UnknownKind, NotIds: nothing is written.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("enqueue() must be called inside transaction.atomic")
    check(kind, args)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.ENQUEUE,
            {
                "key": dedupe_key,
                "kind": str(kind),
                "args": json.dumps(dict(args)),
                "priority": priority,
                "delay_s": delay_s,
                "wake": delay_s <= 0,
            },
        )
        return bool(cursor.rowcount)


def check(kind: str, args: object) -> Kind:
    """Refuse what may not be queued.

    Raises:
        UnknownKind: the kind is not on the closed list.
        NotIds: an argument is neither a text of at most 100 characters nor a whole number.
    """
    found = known(kind)
    if not isinstance(args, Mapping):
        raise NotIds("the arguments of a job are names with ids")
    for name, value in args.items():
        is_id = (isinstance(value, str) and len(value) <= LONGEST_ID) or type(value) is int
        if not isinstance(name, str) or not is_id:
            raise NotIds("an argument of a job is not an id")
    return found


def read(job: Claimed) -> tuple[Kind, Args]:
    """Kind and arguments of a claimed job; it may have been planted, so it is checked again.

    Raises:
        UnknownKind, NotIds: see `check`.
    """
    try:
        args = json.loads(job.args)
    except (ValueError, RecursionError):
        raise NotIds("the arguments of a job can't be read") from None
    return check(job.kind, args), args


def claim(
    holder: str,
    *,
    limit: int = 1,
    kinds: Collection[Kind] | None = None,
) -> list[Claimed]:
    """Take the next jobs that are due, for the seconds of a lease. Never waits for another worker.

    Args:
        kinds: only these, and only first attempts, so that a job which kills its
            worker takes no other down with it for a second time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            sql.CLAIM,
            {
                "kinds": None if kinds is None else [str(kind) for kind in kinds],
                "limit": limit,
                "holder": holder,
                "lease_s": settings.LEASE_S,
            },
        )
        rows = sorted(cursor.fetchall(), key=lambda row: (row[6], row[0]))
    return [_claimed(row) for row in rows]


def read_barrier(dedupe_key: str) -> None:
    """Wait for the commit of everyone who enqueued under this key, between claim and reading."""
    if not dedupe_key:
        return
    with connection.cursor() as cursor:
        # alone in its transaction: a worker never holds one key while it waits for another
        cursor.execute(sql.BARRIER, {"key": dedupe_key})


def renew(holder: str, ids: Sequence[int]) -> set[int]:
    """Extend leases; return the jobs that are still the holder's."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.RENEW,
            {"lease_s": settings.LEASE_S, "ids": list(ids), "holder": holder},
        )
        return {row[0] for row in cursor.fetchall()}


def advance(job_id: int) -> None:
    """Note that a running job got on: being killed now and then does not make it one that kills.

    Part of the transaction that keeps what it got done.
    """
    Job.objects.filter(pk=job_id, state=Job.State.RUNNING, attempts__gt=1).update(attempts=1)


def finish(holder: str, ids: Sequence[int]) -> int:
    """Close jobs as done; return how many were still the holder's."""
    with connection.cursor() as cursor:
        cursor.execute(sql.FINISH, {"ids": list(ids), "holder": holder})
        return int(cursor.rowcount)


@transaction.atomic
def fail(job: Claimed, problem: str, *, at_once: bool = False) -> Job.State | None:
    """Give a job back for another attempt, or park it after the fifth.

    If a newer job with the same key is waiting, that one does the work and this
    one is closed as done.

    Args:
        problem: a safe text, see connector.jobs.errors.safe_text.
        at_once: without the pause that doubles twice with each attempt.

    Returns:
        The state that the job is in now, or None if it was not the holder's any more.
    """
    if job.attempts >= MOST_ATTEMPTS:
        return park(job, problem)
    read_barrier(job.dedupe_key)
    newer = Job.objects.filter(state=Job.State.WAITING, dedupe_key=job.dedupe_key)
    if job.dedupe_key and newer.exists():
        return _move(job, Job.State.DONE, problem=problem, finished_at=Now())
    wait = timedelta(0) if at_once else timedelta(seconds=wait_s(job.attempts))
    return _move(job, Job.State.WAITING, problem=problem, not_before=Now() + wait, holder="")


def park(job: Claimed, problem: str) -> Job.State | None:
    """Set a job aside for good; a person has to look. Returns None if it was not the holder's."""
    return _move(job, Job.State.PARKED, problem=problem, finished_at=Now())


def wait_s(attempts: int) -> int:
    """Seconds before the next attempt: 2, 8, 32, 128, at most LONGEST_WAIT_S."""
    doubled_twice: int = 2 * 4 ** max(attempts - 1, 0)
    return min(doubled_twice, LONGEST_WAIT_S)


def expired() -> Claimed | None:
    """Lock and return one running job whose lease is over. Needs a transaction; `fail` it there."""
    with connection.cursor() as cursor:
        cursor.execute(sql.EXPIRED)
        row = cursor.fetchone()
    return _claimed(row) if row else None


def delete_done(*, limit: int = 1_000) -> int:
    """Delete jobs that were done more than a day ago, one batch; return how many."""
    old = Job.objects.filter(state=Job.State.DONE, finished_at__lt=Now() - KEEP_DONE)
    deleted: int = Job.objects.filter(pk__in=old.values("pk")[:limit]).delete()[0]
    return deleted


def due(*, at_most: int) -> int:
    """How many jobs could be claimed now, counted up to a limit."""
    with connection.cursor() as cursor:
        cursor.execute(sql.COUNT_DUE, [at_most])
        return int(cursor.fetchone()[0])


def oldest_due_s() -> float:
    """For how many seconds the oldest claimable job has been due; 0 if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(sql.OLDEST_DUE)
        return float(cursor.fetchone()[0])


def _move(job: Claimed, state: Job.State, **changes: object) -> Job.State | None:
    mine = Job.objects.filter(pk=job.id, state=Job.State.RUNNING, holder=job.holder)
    return state if mine.update(state=state, lease_until=None, **changes) else None


def _claimed(row: Sequence[Any]) -> Claimed:
    return Claimed(*row[:6])
