"""The worker as real processes: what it runs, how it stops, what happens when something dies."""

import signal

import psutil  # type: ignore[import-untyped]
import pytest
from django.db import connection
from django.utils import timezone

from connector.audit.models import Entry
from connector.jobs.models import Job
from connector.jobs.registry import Kind
from tests.appliance.queue.conftest import Worker, ask, state, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]


def test_a_job_runs_once_without_any_table_of_django_q(worker: Worker) -> None:
    job = ask(args={"endpoint": "a", "n": 7})

    wait_for(lambda: state(job) == "done")

    assert not [t for t in connection.introspection.table_names() if t.startswith("django_q")]
    (line,) = worker.lines()
    assert (line["job"], line["endpoint"], line["n"]) == (job, "a", 7)
    assert "Traceback" not in worker.log()


def test_many_jobs_run_once_each(worker: Worker) -> None:
    jobs = [ask(args={"n": n}) for n in range(200)]

    wait_for(lambda: not Job.objects.exclude(state="done").exists())

    assert sorted(line["job"] for line in worker.lines()) == jobs


def test_a_stop_lets_the_running_job_end_and_starts_no_other(worker: Worker) -> None:
    first, second = (ask(Kind.FLOWS_RUN, args={"seconds": 60}) for _ in range(2))
    third = ask(Kind.FLOWS_RUN, args={"seconds": 60})
    wait_for(lambda: worker.runs(first) and worker.runs(second))

    took_s = worker.stop()

    assert took_s < 5
    assert worker.process.returncode == 0
    assert {line["job"] for line in worker.lines("stopped")} == {first, second}
    assert (state(first), state(second), state(third)) == ("done", "done", "waiting")
    assert psutil.wait_procs(worker.seen, timeout=3)[1] == []


def test_an_idle_worker_stops_at_once(worker: Worker) -> None:
    assert worker.stop() < 5
    assert worker.process.returncode == 0


def test_a_job_whose_worker_is_killed_runs_again_once(worker: Worker) -> None:
    job = ask(Kind.FLOWS_RUN, args={"seconds": 3})
    (line,) = wait_for(worker.lines)

    psutil.Process(line["pid"]).kill()

    wait_for(lambda: state(job) == "done")
    assert worker.runs(job) == 2
    assert len(worker.lines("worked")) == 1
    assert Job.objects.get(pk=job).attempts == 2
    after = ask()
    wait_for(lambda: state(after) == "done")


def test_a_job_longer_than_its_lease_is_started_once(worker: Worker) -> None:
    job = ask(Kind.FLOWS_RUN, args={"seconds": 5})

    wait_for(lambda: state(job) == "done")

    assert worker.runs(job) == 1
    assert len(worker.lines("worked")) == 1


def test_a_queue_that_died_with_its_idle_workers_is_made_anew(worker: Worker) -> None:
    for process in worker.workers():  # one of them holds the lock of the internal queue
        process.kill()

    jobs = [ask() for _ in range(3)]

    wait_for(lambda: all(state(job) == "done" for job in jobs), seconds=25)
    assert "no worker takes them" in worker.log()
    assert [worker.runs(job) for job in jobs] == [1, 1, 1]
    worker.seen += worker.family()
    assert worker.stop() < 5


def test_no_orphan_outlives_a_killed_sentinel_and_work_goes_on(worker: Worker) -> None:
    orphans = worker.sentinel().children()
    worker.sentinel().kill()

    assert psutil.wait_procs(orphans, timeout=5)[1] == []
    job = ask()
    wait_for(lambda: state(job) == "done")
    worker.seen += worker.family()
    assert worker.runs(job) == 1


def test_nothing_outlives_the_killed_parent(worker: Worker) -> None:
    worker.process.send_signal(signal.SIGKILL)
    worker.process.wait()

    assert psutil.wait_procs(worker.seen, timeout=5)[1] == []


def test_work_goes_on_after_every_connection_was_cut(worker: Worker) -> None:
    first = ask()
    wait_for(lambda: state(first) == "done")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE usename = 'connector_worker'"
        )
        assert cursor.rowcount >= 2

    second = ask()

    wait_for(lambda: state(second) == "done", seconds=4)
    beats = len(worker.lines("beat"))
    wait_for(lambda: len(worker.lines("beat")) > beats)
    assert worker.runs(second) == 1
    assert "starting it anew" not in worker.log()


def test_a_broken_beat_stops_no_other_and_says_nothing_secret(worker: Worker) -> None:
    wait_for(lambda: len(worker.lines("beat")) > 2)
    wait_for(lambda: worker.log().count("broken_beat failed (ValueError)") > 1)

    assert "hunter2" not in worker.log()


def test_a_failing_job_says_nothing_secret_and_is_parked_with_an_entry(worker: Worker) -> None:
    job = ask(Kind.FLOWS_TEST)

    wait_for(lambda: _hurried(job) == "parked", seconds=30)

    assert worker.runs(job) == 5
    assert Job.objects.get(pk=job).problem == "ValueError"
    entry = Entry.objects.get(action="job.parked")
    assert (entry.actor, entry.subject) == ("worker", f"job:{job}")
    assert "hunter2" not in worker.log() + entry.facts


def _hurried(job: int) -> str:
    """Its state, after its pause was cut short."""
    if Job.objects.filter(pk=job, state="waiting").update(not_before=timezone.now()):
        with connection.cursor() as cursor:
            cursor.execute("NOTIFY jobs")
    return state(job)


def test_a_job_that_loses_the_database_is_left_to_its_lease(worker: Worker) -> None:
    job = ask(Kind.FLOWS_HELD)
    wait_for(lambda: worker.runs(job))
    wait_for(lambda: "lost the database" in worker.log())

    assert state(job) == "running"
    wait_for(lambda: worker.runs(job) == 2)


def test_an_exit_inside_an_entry_ends_no_worker_for_good(worker: Worker) -> None:
    job = ask(Kind.FLOWS_DECIDE)
    wait_for(lambda: worker.runs(job))

    after = ask()
    wait_for(lambda: state(after) == "done")
