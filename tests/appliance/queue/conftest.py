"""A real worker, as `manage.py work` starts it, on the database of the test."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from django.db import transaction

from connector.jobs import queue
from connector.jobs.models import Job
from connector.jobs.registry import Kind
from tests.appliance.queue.entries import ENV
from tests.settings import SERVER

ROOT = Path(__file__).parents[3]
WORKERS = 2


def wait_for(condition: Callable[[], Any], *, seconds: float = 15.0) -> Any:
    """What the condition gives as soon as it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"did not happen within {seconds} s")


def ask(kind: Kind = Kind.WEBHOOKS_PROCESS, **given: Any) -> int:
    """Enqueue and commit; the number of the job."""
    with transaction.atomic():
        assert queue.enqueue(kind, **given)
    return Job.objects.latest("id").pk


def state(job: int) -> str:
    return Job.objects.values_list("state", flat=True).get(pk=job)


class Worker:
    """`manage.py work` with the rights of the worker's role, and what it left in its trace."""

    def __init__(self, folder: Path) -> None:
        self.trace_file = folder / "trace"
        self.log_file = folder / "log"
        self.trace_file.touch()
        self.seen: list[psutil.Process] = []

    def start(self) -> None:
        password = SERVER.home.password_file("worker").read_text().strip()
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.appliance.queue.worker_settings",
            "DATABASE_URL": f"postgres://connector_worker:{password}@/x?host={SERVER.server.socket}",
            "CONNECTOR_PROCESS": "worker",
            "CONNECTOR_WORKERS": str(WORKERS),
            "CONNECTOR_LEASE_S": "2",
            ENV: str(self.trace_file),
        }
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "work"], cwd=ROOT, env=env, stdout=log, stderr=log
            )
        self.seen = wait_for(lambda: len(found := self.family()) == WORKERS + 4 and found)

    def lines(self, what: str = "ran") -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.trace_file.read_text().splitlines()]
        return [line for line in lines if line["what"] == what]

    def runs(self, job: int) -> int:
        return len([line for line in self.lines() if line["job"] == job])

    def log(self) -> str:
        return self.log_file.read_text()

    def family(self) -> list[psutil.Process]:
        """Cluster, sentinel, workers, monitor, pusher."""
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def sentinel(self) -> psutil.Process:
        return psutil.Process(self.process.pid).children()[0].children()[0]

    def workers(self) -> list[psutil.Process]:
        """The sentinel's first children; monitor and pusher are started after them."""
        return sorted(self.sentinel().children(), key=lambda p: p.create_time())[:WORKERS]

    def stop(self, *, seconds: float = 25.0) -> float:
        """Ask it to stop; how long it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=seconds)
        return time.monotonic() - began

    def end(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.process.poll() is None:
            self.seen += self.family()
            self.process.kill()
            self.process.wait()
        for process in self.seen:
            if process.is_running():
                process.kill()
        psutil.wait_procs(self.seen, timeout=5)


@pytest.fixture
def worker(transactional_db: None, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(tmp_path)
    try:
        worker.start()
        yield worker
    finally:
        worker.end()
