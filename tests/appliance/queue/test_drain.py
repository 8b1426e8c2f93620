"""appliance.queue.drain, appliance.queue.upkeep and appliance.queue.lease, in this process"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import override_settings
from django.utils import timezone

from appliance.queue import drain, shared, upkeep
from connector.audit.models import Entry
from connector.jobs import queue
from connector.jobs.models import Job
from connector.jobs.registry import Args, Kind
from connector.jobs.running import RunningJob
from tests.appliance.queue.conftest import ask, state

pytestmark = pytest.mark.django_db

CALLS: list[tuple[int, Args]] = []
TODO: dict[str, Callable[[RunningJob], object]] = {}


def entry(args: Args, job: RunningJob) -> None:
    CALLS.append((job.id, args))
    todo = TODO.get(str(args.get("do")))
    if todo:
        todo(job)


def cut(job: RunningJob) -> None:
    raise OperationalError("the connection of hunter2 is gone")


@pytest.fixture(autouse=True)
def _entries() -> Iterator[None]:
    CALLS.clear()
    TODO.clear()
    with override_settings(CONNECTOR_JOBS=dict.fromkeys(Kind, f"{__name__}.entry")):
        yield


def ran() -> list[int]:
    return [job for job, _ in CALLS]


def test_everything_that_waits_is_run_once_in_order_and_closed() -> None:
    jobs = [ask(args={"n": n}) for n in range(120)]
    urgent = ask(Kind.FLOWS_RUN, priority=1)

    drain.drain()

    assert ran() == [urgent, *jobs]
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}


def test_slow_kinds_are_claimed_one_at_a_time() -> None:
    jobs = [ask(Kind.FLOWS_RUN, args={"do": "look"}) for _ in range(3)]
    running: list[int] = []
    TODO["look"] = lambda _: running.append(Job.objects.filter(state="running").count())

    drain.drain()

    assert ran() == jobs
    assert running == [1, 1, 1]


def test_the_successor_that_a_slice_asks_for_under_its_own_key_follows_at_once() -> None:
    def ask_for_the_next(_: RunningJob) -> None:
        ask(Kind.FLOWS_RUN, dedupe_key="run:1")
        assert queue.claim("another") == []

    TODO["ask"] = ask_for_the_next
    first = ask(Kind.FLOWS_RUN, args={"do": "ask"}, dedupe_key="run:1")

    drain.drain()

    assert len(CALLS) == 2
    assert ran()[0] == first
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}


def test_a_failed_job_waits_while_the_others_are_done() -> None:
    TODO["fail"] = lambda _: [][0]
    bad, good = ask(args={"do": "fail"}), ask()

    drain.drain()

    assert (state(bad), state(good)) == ("waiting", "done")
    assert Job.objects.get(pk=bad).problem == "IndexError"
    assert Job.objects.get(pk=bad).not_before > timezone.now() + timedelta(seconds=1)


def test_an_unknown_kind_is_parked_and_recorded_and_calls_nothing() -> None:
    job = ask()
    Job.objects.filter(pk=job).update(kind="os.system")

    drain.drain()

    assert CALLS == []
    assert state(job) == "parked"
    assert '"os.system"' in Entry.objects.get(action="job.refused").facts


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("attempts", "32767"),
        ("args", "[" * 3000 + "]" * 3000),
        ("args", '{"n": 1%s}' % ("0" * 5000)),
    ],
)
def test_a_planted_row_never_stops_the_others(column: str, value: str) -> None:
    job, other = ask(priority=1), ask()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE jobs_job SET {column} = %s WHERE id = %s", [value, job])

    drain.drain()
    Job.objects.filter(state="running").update(lease_until=timezone.now() - timedelta(seconds=1))
    upkeep.sweep()

    assert state(job) in ("done", "parked")
    assert state(other) == "done"


@pytest.mark.django_db(transaction=True)
def test_a_lost_database_fails_no_job_and_leaves_the_worker_alive() -> None:
    TODO["cut"] = cut
    job, other = ask(Kind.FLOWS_RUN, args={"do": "cut"}), ask(Kind.FLOWS_RUN)

    drain.drain()

    assert (state(job), state(other)) == ("running", "done")
    assert Job.objects.get(pk=job).problem == ""


def test_no_exception_leaves_even_when_the_queue_can_not_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask()
    monkeypatch.setattr(queue, "claim", lambda *_, **__: [][0])
    monkeypatch.setattr("django.db.connection.close", lambda: None)

    drain.drain()

    assert CALLS == []


def test_nothing_new_is_claimed_once_a_stop_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    job = ask()
    monkeypatch.setattr(shared, "stop_asked", lambda: True)

    drain.drain()

    assert state(job) == "waiting"


def test_the_running_job_is_told_of_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []

    def until_stopped(job: RunningJob) -> None:
        monkeypatch.setattr(shared, "stop_asked", lambda: True)
        told.append(job.stop.wait(5))

    TODO["wait"] = until_stopped
    ask(Kind.FLOWS_RUN, args={"do": "wait"})

    drain.drain()

    assert told == [True]


# --- leases -----------------------------------------------------------------


@pytest.fixture
def short_lease(transactional_db: None) -> Iterator[None]:
    with override_settings(LEASE_S=1.5):
        yield


def test_the_lease_of_a_long_job_is_renewed_from_another_connection(short_lease: None) -> None:
    def long(job: RunningJob) -> None:
        time.sleep(2.5)
        upkeep.sweep()

    TODO["long"] = long
    job = ask(Kind.FLOWS_RUN, args={"do": "long"})

    drain.drain()

    assert state(job) == "done"
    assert ran() == [job]


def test_a_job_that_another_worker_took_is_told_so_and_closes_nothing(short_lease: None) -> None:
    told: list[bool] = []

    def taken_over(job: RunningJob) -> None:
        Job.objects.filter(pk=job.id).update(holder="another")
        told.append(job.lost.wait(5))

    TODO["lose"] = taken_over
    job = ask(Kind.FLOWS_RUN, args={"do": "lose"})

    drain.drain()

    assert told == [True]
    assert (state(job), Job.objects.get().holder) == ("running", "another")


def test_the_pulse_beats_while_a_job_runs(short_lease: None) -> None:
    ages: list[float] = []

    def long(job: RunningJob) -> None:
        time.sleep(0.8)
        ages.append(shared.pulse_age_s())

    TODO["long"] = long
    ask(Kind.FLOWS_RUN, args={"do": "long"})

    drain.drain()

    assert ages[0] < 0.6


# --- upkeep -----------------------------------------------------------------


def test_the_sweep_gives_back_what_a_dead_worker_held_and_parks_it_at_the_fifth() -> None:
    job = ask(Kind.FLOWS_RUN)
    other = ask(Kind.FLOWS_RUN, delay_s=60)
    for _ in range(5):
        queue.claim("dead", limit=1)
        Job.objects.filter(pk=job).update(lease_until=timezone.now() - timedelta(seconds=1))
        upkeep.sweep()

    assert (state(job), state(other)) == ("parked", "waiting")
    assert "worker died" in Job.objects.get(pk=job).problem
    assert Entry.objects.get(action="job.parked").subject == f"job:{job}"


def test_the_sweep_leaves_a_lease_that_holds() -> None:
    job = ask(Kind.FLOWS_RUN)
    queue.claim("alive")

    upkeep.sweep()

    assert state(job) == "running"


def test_the_clean_up_deletes_all_that_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        ask()
    drain.drain()
    Job.objects.update(finished_at=timezone.now() - timedelta(days=2))
    new = ask()

    upkeep.clean()

    assert Job.objects.get().pk == new
