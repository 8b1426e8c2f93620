"""How long a job waits, and how many a second are done, against django-q2's own ORM broker.

    python -m tests.benchmarks.queue [--quick] [--json]

Both run in turn as real clusters of two workers on one Postgres that is started
for it, with its default durability. Jobs do nothing. Pick-up is the time from
the return of the enqueuing commit to the first line of the entry. Jobs a second
are those of a backlog, from the first job's begin to the last one's.
"""

import argparse
import json
import logging
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

import django

from tests.benchmarks.queue_entries import ENV

if TYPE_CHECKING:
    from connector.jobs.registry import Kind

ROOT = Path(__file__).parents[2]
LONGEST_S = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="under 50 s, coarser")
    parser.add_argument("--json", action="store_true", help="the last line is JSON")
    given = parser.parse_args()
    with a_database() as folder:
        result = measure(folder / "marks", quick=given.quick)
    for name, value in result.items():
        print(f"{name:28} {value}")
    if given.json:
        print(json.dumps(result))


def measure(marks: Path, *, quick: bool) -> dict[str, float]:
    """All figures of one run."""
    from django_q.tasks import async_task

    from connector.jobs.registry import Kind

    marks.touch()
    os.environ[ENV] = str(marks)
    picks = 40 if quick else 300
    many, few = (4_000, 500) if quick else (40_000, 3_000)

    def stock() -> None:
        async_task("tests.benchmarks.queue_entries.stock")

    with a_cluster("ours"):
        ours_s = pickup(marks, lambda: ask(Kind.WEBHOOKS_PROCESS), picks)
        fast = rate(marks, lambda: ask(Kind.WEBHOOKS_PROCESS), many)
        single = rate(marks, lambda: ask(Kind.FLOWS_RUN), many // 4)
    with a_cluster("stock"):
        stock_s = pickup(marks, stock, picks)
        theirs = rate(marks, stock, few)
    return {
        "pickup_p50_ms": percentile_ms(ours_s, 50),
        "pickup_p95_ms": percentile_ms(ours_s, 95),
        "stock_pickup_p50_ms": percentile_ms(stock_s, 50),
        "stock_pickup_p95_ms": percentile_ms(stock_s, 95),
        "jobs_per_s": round(fast),
        "jobs_one_by_one_per_s": round(single),
        "stock_jobs_per_s": round(theirs),
        "ratio_jobs": round(fast / theirs, 1),
        "ratio_jobs_one_by_one": round(single / theirs, 1),
    }


def pickup(marks: Path, enqueue: Callable[[], None], times: int) -> list[float]:
    """Seconds from commit to begin, one job at a time, at random moments."""
    waits = []
    enqueue()
    wait_for(marks, 1)
    for n in range(times):
        time.sleep(random.uniform(0.01, 0.12))
        enqueue()
        committed = time.time()
        waits.append(wait_for(marks, n + 2)[-1] - committed)
    os.truncate(marks, 0)
    return waits


def rate(marks: Path, enqueue: Callable[[], None], times: int) -> float:
    """Jobs a second that the cluster does of a backlog, which appears with one commit."""
    from django.db import transaction

    with transaction.atomic():
        for _ in range(times):
            enqueue()
    begun = wait_for(marks, times, seconds=120)
    os.truncate(marks, 0)
    return (times - 1) / (max(begun) - min(begun))


def ask(kind: "Kind") -> None:
    from django.db import transaction

    from connector.jobs import queue

    with transaction.atomic():
        queue.enqueue(kind)


def wait_for(marks: Path, count: int, *, seconds: float = LONGEST_S) -> list[float]:
    """The marks, as soon as there are so many."""
    deadline = time.monotonic() + seconds
    while marks.stat().st_size < 8 * count:
        if time.monotonic() > deadline:
            raise SystemExit(f"{marks.stat().st_size // 8} of {count} jobs in {seconds} s")
        time.sleep(0.001)
    return [begun for (begun,) in struct.iter_unpack("d", marks.read_bytes())]


def percentile_ms(seconds: list[float], percent: int) -> float:
    return round(quantiles(seconds, n=100, method="inclusive")[percent - 1] * 1000, 2)


@contextmanager
def a_cluster(broker: str) -> Iterator[None]:
    """A cluster as its own command starts it; gone at the end."""
    command = ["work"] if broker == "ours" else ["qcluster", "--skip-checks"]
    process = subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**os.environ, "BENCHMARK_BROKER": broker},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def a_database() -> Iterator[Path]:
    """A Postgres of its own, with its default settings, and a migrated database."""
    from appliance.database import embedded
    from appliance.home import Home

    home = Home(Path(tempfile.mkdtemp(prefix="mlc-benchmark-")))
    home.create()
    if os.geteuid() == 0:
        home.path.chmod(0o711)
    server = embedded.start(home)
    try:
        os.environ |= {
            "CONNECTOR_TEST_HOME": str(home.path),
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.queue_settings",
            "BENCHMARK_BROKER": "stock",
        }
        django.setup()
        logging.disable(logging.INFO)  # django-q2 writes a line for each task it queues
        from django.db import connection

        connection.creation.create_test_db(verbosity=0)
        yield home.path
        connection.close()
    finally:
        server.stop()
        shutil.rmtree(home.path, ignore_errors=True)
        if server.socket != home.run:
            shutil.rmtree(server.socket, ignore_errors=True)


if __name__ == "__main__":
    main()
