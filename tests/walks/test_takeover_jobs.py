"""Whoever holds the web process can't make the worker run anything of theirs."""

import base64
import json
import os
import pickle
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core import signing
from django_q.signing import PickleSerializer

from appliance.keyrings import files
from tests.walks.live import Live, wait_until

DJANGO_Q = """
CREATE TABLE django_q_ormq (id serial PRIMARY KEY, key varchar(100), payload text,
    lock timestamptz);
CREATE TABLE django_q_schedule (id serial PRIMARY KEY, func varchar(256), hook varchar(256),
    args text, kwargs text, schedule_type varchar(2) DEFAULT 'I', repeats int DEFAULT -1,
    next_run timestamptz DEFAULT now() - interval '1 day', task varchar(100), name varchar(100),
    minutes smallint DEFAULT 1, cron varchar(100), cluster varchar(100),
    intended_date_kwarg varchar(100));
CREATE TABLE django_q_task (id varchar(32) PRIMARY KEY, name varchar(100), func varchar(256),
    hook varchar(256), args text, kwargs text, result text, "group" varchar(100),
    started timestamptz DEFAULT now(), stopped timestamptz DEFAULT now(), success bool,
    attempt_count int DEFAULT 1, cluster varchar(100));
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO connector_web, connector_worker;
"""
TABLES = ("django_q_ormq", "django_q_schedule", "django_q_task")


class Bomb:
    """Unpickled, it makes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.file}",)


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "canary"
    yield file
    assert not file.exists()


@pytest.fixture
def tables_of_django_q(live: Live) -> Iterator[None]:
    """The box has no such tables; here they are, with every right for web and worker."""
    there = "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'django\\_q\\_%%'"
    assert live.rows(there)[0][0] == 0
    live.rows(DJANGO_Q)
    live.rows(f"GRANT ALL ON {', '.join(TABLES)} TO connector_web, connector_worker")
    yield
    live.rows(f"DROP TABLE {', '.join(TABLES)}")
    done = live.manage("prepare", process="owner")
    assert done.returncode == 0, done.stderr


def state(live: Live, job: int) -> str:
    return str(live.rows("SELECT state FROM jobs_job WHERE id = %s", job)[0][0])


def test_kinds_that_are_not_on_the_list_are_parked_and_recorded(live: Live, canary: Path) -> None:
    command = f"touch {canary}"
    bomb = base64.b64encode(pickle.dumps(Bomb(canary))).decode()
    planted = [
        live.plant("os.system", {"command": command}),
        live.plant("builtins.exec", {"source": f"import os; os.system('{command}')"}),
        live.plant("appliance.queue.drain.drain", {}),
        live.plant("connector.flows.tasks.run", {"run": "os.system"}),
        live.plant("no.such.kind", {}),
        live.plant("FLOWS.RUN", {"run": command}),
        live.plant("flows.run", {"func": ["os.system", command]}),
        live.plant("flows.run", [bomb]),
        live.plant("flows.run", {"run": bomb * 2}),
        live.plant("flows.decide", {"delivery": 1.5}),
        live.plant("flows.test", None),
    ]

    wait_until(lambda: all(state(live, job) == "parked" for job in planted))

    recorded = live.rows("SELECT subject FROM audit_entry WHERE action = 'job.refused'")
    assert {f"job:{job}" for job in planted} <= {subject for (subject,) in recorded}


def test_a_function_named_where_an_id_belongs_stays_a_text(live: Live, canary: Path) -> None:
    planted = [
        live.plant("flows.run", {"run": "os.system"}),
        live.plant("flows.test", {"connection": f"__import__('os').system('touch {canary}')"}),
        live.plant("flows.decide", {"delivery": 1, "decision": "os.system", "actor": "web"}),
    ]

    def failed(job: int) -> bool:
        kept = live.rows("SELECT problem FROM jobs_job WHERE id = %s", job)[0][0]
        return bool(kept) or state(live, job) == "done"

    wait_until(lambda: all(failed(job) for job in planted))
    live.rows("DELETE FROM jobs_job WHERE id = ANY(%s)", planted)


def test_signed_pickles_schedules_and_results_of_django_q_are_never_read(
    live: Live, tables_of_django_q: None, canary: Path
) -> None:
    result = base64.b64encode(pickle.dumps(Bomb(canary))).decode()
    packages = [
        signing.dumps(
            {"id": "a", "name": "a", "func": Bomb(canary), "args": (), "kwargs": {}},
            key=files.read(live.home.keyring(process)).django,
            salt="connector",
            serializer=PickleSerializer,
            compress=packed,
        )
        for process in ("web", "worker")  # web holds the first only: even the other is no use
        for packed in (False, True)
    ]
    secret = files.read(live.home.keyring("worker")).django
    signing.loads(packages[-1], key=secret, salt="connector", serializer=PickleSerializer)
    assert canary.exists()  # the bombs are live ones
    canary.unlink()

    with live.as_role("web") as web:
        for package in packages:
            for key in ("connector", "default"):
                web.execute(
                    "INSERT INTO django_q_ormq (key, payload, lock)"
                    " VALUES (%s, %s, now() - interval '1 day')",
                    [key, package],
                )
        web.execute(
            "INSERT INTO django_q_schedule (func, args) VALUES ('os.system', %s)",
            [f"('touch {canary}',)"],
        )
        web.execute(
            "INSERT INTO django_q_task (id, name, func, result, success)"
            " VALUES ('a', 'a', 'os.system', %s, false)",
            [result],
        )
        for package in packages:
            web.execute("SELECT pg_notify('jobs', %s)", [package])
    live.run("bills-to-ap")
    time.sleep(2)

    with live.superuser() as database:
        for table, there in zip(TABLES, (8, 1, 1), strict=True):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (there,)


def test_the_worker_goes_on_working(live: Live) -> None:
    again = live.run("bills-to-ap", "--full")

    assert again["state"] == "finished"
    assert again["read"] > 0
    assert live.box.children.dead() is None


def test_web_signs_nothing_that_means_anything_to_the_worker(live: Live) -> None:
    secrets = {name: files.read(live.home.keyring(name)).django for name in ("web", "worker")}
    signed = signing.dumps({"a": 1}, key=secrets["web"])

    assert secrets["web"] != secrets["worker"]
    with pytest.raises(signing.BadSignature):
        signing.loads(signed, key=secrets["worker"])
    held = json.loads(live.home.keyring("web").read_text())
    assert secrets["worker"] not in json.dumps(held)
