"""connector.flows.tasks: runs that meet failures"""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connector.flows import dispatch, tasks
from connector.flows.models import Run
from connector.jobs.models import Job
from connector.systems.errors import Kind, SystemFailure
from tests.connector.flows.box import a_job, work_on
from tests.connector.flows.memory import Source, Target, opener
from tests.connector.flows.rows import a_flow

pytestmark = pytest.mark.django_db(transaction=True)


class Failing(Source):
    """A source whose next calls fail."""

    def __init__(self, *failures: SystemFailure) -> None:
        super().__init__()
        self.failures = list(failures)

    def read_page(self, *args: Any, **more: Any) -> Any:
        if self.failures:
            raise self.failures.pop(0)
        return super().read_page(*args, **more)


def started(monkeypatch: pytest.MonkeyPatch, *failures: SystemFailure) -> tuple[Run, Target]:
    source, target = Failing(*failures), Target("by key")
    for number in range(3):
        source.change(f"V-{number}", "Alpha")
    monkeypatch.setattr("connector.flows.clients.open_client", opener(source, target))
    run = dispatch.start(a_flow(), cause=Run.Cause.MANUAL, actor="omar")
    assert run is not None
    return run, target


def test_a_source_that_fails_for_a_while_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    down = SystemFailure(Kind.TRANSIENT, "500", wait_s=0.01)
    run, target = started(monkeypatch, down, down)

    done = work_on(run)

    assert (done.state, done.delivered) == (Run.State.FINISHED, 3)
    assert (done.message, done.failing_since) == ("", None)
    assert set(target.created.values()) == {1}


def test_a_source_that_refuses_us_stops_the_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run, target = started(monkeypatch, SystemFailure(Kind.CONFIG, "It did not accept the sign-in."))

    tasks.run({"run": str(run.pk)}, a_job())

    run.refresh_from_db()
    assert (run.state, run.message) == (Run.State.STOPPED, "It did not accept the sign-in.")
    assert not target.created


def test_a_long_run_is_not_given_up_at_its_first_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = started(monkeypatch, SystemFailure(Kind.TRANSIENT, "500"))
    long_ago = timezone.now() - timedelta(hours=5)
    Run.objects.filter(pk=run.pk).update(state=Run.State.RUNNING, started_at=long_ago)

    tasks.run({"run": str(run.pk)}, a_job())

    run.refresh_from_db()
    assert run.state == Run.State.RUNNING
    assert run.failing_since is not None


def test_what_fails_for_half_an_hour_without_a_page_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, _ = started(monkeypatch, SystemFailure(Kind.TRANSIENT, "The source is down."))
    long_ago = timezone.now() - timedelta(minutes=31)
    Run.objects.filter(pk=run.pk).update(failing_since=long_ago)

    tasks.run({"run": str(run.pk)}, a_job())

    run.refresh_from_db()
    assert (run.state, run.message) == (Run.State.STOPPED, "The source is down.")


def test_the_wait_that_a_system_asks_for_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = started(monkeypatch, SystemFailure(Kind.RATE_LIMITED, "429", wait_s=300))
    Job.objects.all().delete()

    tasks.run({"run": str(run.pk)}, a_job())

    wait = Job.objects.get().not_before - timezone.now()
    assert timedelta(seconds=280) < wait <= timedelta(seconds=300)


def test_a_run_that_is_over_is_worked_on_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    run, target = started(monkeypatch)
    dispatch.cancel(run, actor="omar")

    tasks.run({"run": str(run.pk)}, a_job())

    run.refresh_from_db()
    assert (run.state, run.slices) == (Run.State.CANCELLED, 0)
    assert not target.created
