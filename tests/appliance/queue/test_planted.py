"""Whoever writes to the database, or signs as the worker does, makes it run nothing of theirs."""

import base64
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from connector.audit.models import Entry
from connector.jobs.models import Job
from tests.appliance.queue.conftest import ROOT, Worker, ask, state, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]

TABLES = ("django_q_ormq", "django_q_schedule", "django_q_task")


class Bomb:
    """Unpickled, it makes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.file}",)


@pytest.fixture
def tables_of_django_q(transactional_db: None) -> Iterator[None]:
    """The real tables, with every right for the worker's role."""
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.appliance.queue.worker_settings",
        "CONNECTOR_PROCESS": "worker",
    }
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "django_q", "--skip-checks"],
        cwd=ROOT,
        env=env,
        check=True,
        capture_output=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT ALL ON {', '.join(TABLES)} TO connector_worker")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {', '.join(TABLES)}")
        cursor.execute("DELETE FROM django_migrations WHERE app = 'django_q'")


def plant(kind: str, args: str) -> int:
    """A row as SQL alone writes it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs_job (kind, args, dedupe_key, priority, state, attempts, holder, "
            "problem) VALUES (%s, %s, '', 1, 'waiting', 0, '', '')",
            [kind, args],
        )
        cursor.execute("NOTIFY jobs")
        return Job.objects.latest("id").pk


def test_planted_kinds_and_arguments_are_parked_recorded_and_never_run(
    worker: Worker, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    command = f"touch {canary}"
    planted = [
        plant("os.system", f'{{"command": "{command}"}}'),
        plant("tests.appliance.queue.entries.note", "{}"),
        plant("webhooks.process", f'{{"f": ["os.system", "{command}"]}}'),
        plant("webhooks.process", f'["{command}"]'),
        plant("webhooks.process", '{"n": 1.5}'),
        plant("webhooks.process", '{"n": null}'),
    ]

    wait_for(lambda: all(state(job) == "parked" for job in planted))
    time.sleep(0.5)

    assert worker.lines() == []
    assert not canary.exists()
    entries = Entry.objects.filter(action="job.refused")
    assert {entry.subject for entry in entries} == {f"job:{job}" for job in planted}
    assert {entry.actor for entry in entries} == {"worker"}
    assert list(Job.objects.values_list("attempts", flat=True)) == [1] * len(planted)


def test_a_function_named_in_the_arguments_stays_a_text(worker: Worker, tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    job = plant("webhooks.process", f'{{"func": "os.system", "hook": "touch {canary}"}}')

    wait_for(lambda: state(job) == "done")
    (line,) = worker.lines()
    assert line["func"] == "os.system"
    assert not canary.exists()


def test_signed_pickles_schedules_and_results_of_django_q_are_never_read(
    tables_of_django_q: None, worker: Worker, tmp_path: Path
) -> None:
    from django_q.signing import SignedPackage
    from picklefield.fields import dbsafe_decode  # type: ignore[import-untyped]

    canary = tmp_path / "canary"
    package = SignedPackage.dumps(Bomb(canary))
    result = base64.b64encode(pickle.dumps(Bomb(canary))).decode()
    for read, bomb in ((SignedPackage.loads, package), (dbsafe_decode, result)):
        read(bomb)
        assert canary.exists()  # the bombs are live ones, signed as the worker signs
        canary.unlink()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_q_ormq (key, payload, lock) "
            "VALUES ('connector', %s, now() - interval '1 day')",
            [package],
        )
        cursor.execute(
            "INSERT INTO django_q_schedule (func, args, schedule_type, repeats, next_run) "
            "VALUES ('os.system', %s, 'I', -1, now() - interval '1 day')",
            [f"('touch {canary}',)"],
        )
        cursor.execute(
            "INSERT INTO django_q_task (id, name, func, result, started, stopped, success, "
            "attempt_count) VALUES ('a', 'a', 'os.system', %s, now(), now(), false, 1)",
            [result],
        )

    jobs = [ask(), ask()]
    wait_for(lambda: all(state(job) == "done" for job in jobs))
    time.sleep(2)
    assert worker.stop() < 5

    assert not canary.exists()
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (1,)
