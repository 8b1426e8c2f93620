"""What keeps the queue itself in order; called by the beat."""

from django.db import transaction

from appliance.queue.drain import settle_failure
from connector.jobs import queue

MOST_AT_ONCE = 100
LEASE_OVER = "the worker died, or lost the database, while it ran this job"


def sweep() -> None:
    """Give back the jobs whose lease is over, so that another worker runs them."""
    for _ in range(MOST_AT_ONCE):
        with transaction.atomic():
            job = queue.expired()
            if job is None:
                return
            settle_failure(job, LEASE_OVER, at_once=True)


def clean() -> None:
    """Delete what was done more than a day ago."""
    for _ in range(MOST_AT_ONCE):
        if not queue.delete_done():
            return
