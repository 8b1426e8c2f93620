"""What the worker of the tests runs: entries that write a line into the file named by TRACE."""

import json
import os
import sys
import time
from pathlib import Path

from django.db import connection

from connector.jobs.registry import Args
from connector.jobs.running import RunningJob

ENV = "CONNECTOR_TEST_TRACE"
PASSWORD = "hunter2"


def trace(what: str, job: int = 0, **facts: str | int) -> None:
    at = time.time()
    line = json.dumps({"what": what, "job": job, "pid": os.getpid(), "at": at, **facts})
    with Path(os.environ[ENV]).open("a") as file:
        file.write(line + "\n")


def note(args: Args, job: RunningJob) -> None:
    trace("ran", job.id, **args)


def work(args: Args, job: RunningJob) -> None:
    """Work for `seconds`, in small steps, as a flow does between records."""
    trace("ran", job.id, **args)
    ends_at = time.monotonic() + int(args.get("seconds", 0))
    while time.monotonic() < ends_at and not job.lost.is_set():
        if job.stop.wait(0.05):
            trace("stopped", job.id)
            return
    trace("worked", job.id)


def fail(args: Args, job: RunningJob) -> None:
    trace("ran", job.id)
    raise ValueError(f"the password is {PASSWORD}")


def lose_the_database(args: Args, job: RunningJob) -> None:
    trace("ran", job.id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def end_badly(args: Args, job: RunningJob) -> None:
    trace("ran", job.id)
    sys.exit(3)


def beat() -> None:
    trace("beat")


def broken_beat() -> None:
    raise ValueError(f"the password is {PASSWORD}")
