"""Keeps the leases of the jobs that this process runs, from a thread with its own connection."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db import Error, connection

from appliance.queue import shared
from connector.jobs import queue
from connector.jobs.running import RunningJob

logger = logging.getLogger(__name__)

TICK_S = 0.25


class Keeper:
    """One thread a process. It renews leases, passes on the wish to stop, and beats the pulse.

    It proves that the process lives, not that the job advances. It connects to
    the database only for jobs that run longer than a third of a lease.
    """

    def __init__(self) -> None:
        self._busy = threading.Event()
        self._lock = threading.Lock()
        self._holder = ""
        self._jobs: dict[int, RunningJob] = {}
        self._renewed_at = 0.0
        threading.Thread(target=self._run, name="leases", daemon=True).start()

    @contextmanager
    def holding(self, holder: str, ids: Sequence[int]) -> Iterator[dict[int, RunningJob]]:
        """Keep the leases of jobs that were claimed a moment ago, until the block ends."""
        jobs = {id_: RunningJob(id_) for id_ in ids}
        with self._lock:
            self._holder, self._jobs, self._renewed_at = holder, jobs, time.monotonic()
        self._busy.set()
        try:
            yield jobs
        finally:
            self._busy.clear()
            with self._lock:
                self._jobs = {}

    def _run(self) -> None:
        while True:
            self._busy.wait()
            while self._busy.is_set():
                self._tick()
                time.sleep(TICK_S)
            connection.close()

    def _tick(self) -> None:
        shared.beat_pulse()
        with self._lock:
            holder, jobs, renewed_at = self._holder, self._jobs, self._renewed_at
        if shared.stop_asked():
            for job in jobs.values():
                job.stop.set()
        if time.monotonic() - renewed_at < settings.LEASE_S / 3 or not jobs:
            return
        started_at = time.monotonic()
        try:
            kept = queue.renew(holder, [*jobs])
        except Error as error:
            logger.warning("leases could not be renewed (%s)", type(error).__name__)
            connection.close()
            kept = set() if started_at - renewed_at > settings.LEASE_S else {*jobs}
        else:
            with self._lock:
                if self._jobs is jobs:
                    self._renewed_at = started_at
        for id_ in jobs.keys() - kept:
            jobs[id_].lost.set()
