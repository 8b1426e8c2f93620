"""django-q2's broker over connector.jobs: it wakes the workers and carries nothing.

The pusher waits for a NOTIFY, counts what is due and hands out that many equal
packages, each naming `drain` without arguments. They are packed here, inside the
worker, and live only in its pipes; nothing from a table is ever unpickled. The
worker process claims the jobs itself. So `acknowledge`, `fail` and `delete` have
nothing to do: the row is closed by who ran it.
"""

import logging
import time
import uuid
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_q.brokers import Broker as DjangoQBroker
from django_q.signing import SignedPackage

from appliance.keyrings import gate
from appliance.queue import shared
from appliance.queue.drain import drain
from connector.jobs import queue, sql

logger = logging.getLogger(__name__)

WAIT_S = 1.0  # delayed jobs and lost notifications are found after this


class Broker(DjangoQBroker):  # type: ignore[misc]
    """Wakes workers for rows of connector.jobs."""

    def __init__(self, list_key: str | None = None) -> None:
        super().__init__(list_key)
        self._listening: Any = None

    def dequeue(self) -> list[tuple[str, str]] | None:
        """Wait up to WAIT_S for jobs; one package for each that is due, at most one a worker.

        Never raises: after an exception the pusher would sleep for ten seconds.
        """
        try:
            self._wait()
            if shared.stop_asked():
                return None
            if gate.watched("no job is taken"):
                shared.beat_pulse()  # the queue is not dead
                return None
            return [_package() for _ in range(queue.due(at_most=settings.WORKERS))]
        except Exception as error:  # Django's errors from queries, psycopg's from the waiting
            logger.warning("the queue can't be read (%s); connecting anew", type(error).__name__)
            connection.close()
            time.sleep(WAIT_S)
            return None

    def enqueue(self, task: object) -> None:
        raise RuntimeError("django-q2 takes no tasks here; use connector.jobs.queue.enqueue")

    def ping(self) -> bool:
        return True

    def _wait(self) -> None:
        """Wait for a NOTIFY. Returns at once on a new connection: jobs may be there already."""
        connection.ensure_connection()
        raw: Any = connection.connection
        if raw is not self._listening:  # the first time in this process, or cut and made anew
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {sql.CHANNEL}")
            self._listening = raw
            return
        for _ in raw.notifies(timeout=WAIT_S, stop_after=1):
            pass


def _package() -> tuple[str, str]:
    name = uuid.uuid4().hex
    task = {
        "id": name,
        "name": name,
        "func": drain,
        "args": (),
        "kwargs": {},
        "started": timezone.now(),
        "ack_failure": True,
    }
    return name, SignedPackage.dumps(task)
