"""What the worker runs to seal anew after a rotation."""

import time

from django.conf import settings
from django.db import transaction

from connector.crypto.keyring import Domain
from connector.jobs import queue
from connector.jobs.registry import Args, Kind
from connector.jobs.running import RunningJob
from connector.rekey import walk
from connector.rekey.models import Reseal

LONGEST_S = 5.0  # flows wait behind a slice
AGAIN_S = 2.0
ACTOR = "worker"


def reseal(args: Args, job: RunningJob) -> None:
    """One slice of the walk over a domain; the next is queued if something is left."""
    row = Reseal.objects.filter(domain=str(args["domain"]), finished_at=None).first()
    if row is None:
        return
    if not walk.is_held(row):  # its keyring file is about to be read; else nothing can be done
        ask(Domain(row.domain), delay_s=AGAIN_S)
        return
    until = time.monotonic() + min(LONGEST_S, settings.SLICE_S)
    while not (job.lost.is_set() or job.stop.is_set()):
        if not walk.batch(Domain(row.domain), actor=ACTOR, job_id=job.id):
            return
        if time.monotonic() > until:
            break
    ask(Domain(row.domain))


@transaction.atomic
def ask(domain: Domain, *, delay_s: float = 0) -> None:
    """Queue a slice, unless one waits already. Behind the flows: it has time."""
    queue.enqueue(
        Kind.KEYS_RESEAL,
        args={"domain": domain.value},
        dedupe_key=f"{Kind.KEYS_RESEAL}:{domain}",
        priority=80,
        delay_s=delay_s,
    )


def beat() -> None:
    """Take up again what is not finished, whatever became of its job."""
    for row in Reseal.objects.filter(finished_at=None):
        if walk.is_held(row):
            ask(Domain(row.domain))
