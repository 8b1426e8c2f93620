"""connector.flows.schedule"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections as database
from django.utils import timezone

from connector.flows import dispatch, schedule, store, tasks
from connector.flows.definition import Definition
from connector.flows.errors import BadDefinition, NotPossible
from connector.flows.models import Flow, Run, Schedule
from tests.connector.flows.box import VENDORS, a_job
from tests.connector.flows.memory import Source, Target, opener
from tests.connector.flows.rows import a_flow

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "zone", "after", "tick"),
    [
        ("every 10m", "UTC", "2026-11-25T08:03:00", "2026-11-25T08:10:00"),
        ("every 10m", "UTC", "2026-11-25T08:10:00", "2026-11-25T08:20:00"),
        ("every 1d", BERLIN, "2026-11-25T08:10:00", "2026-11-26T00:00:00"),
        ("0 6 * * *", BERLIN, "2026-11-25T00:00:00", "2026-11-25T05:00:00"),
        ("0 6 * * *", BERLIN, "2026-07-25T00:00:00", "2026-07-25T04:00:00"),
        ("0 6 * * *", "America/New_York", "2026-11-25T00:00:00", "2026-11-25T11:00:00"),
        # The night in which 02:00 to 03:00 is left out: the next valid minute.
        ("30 2 * * *", BERLIN, "2026-03-28T12:00:00", "2026-03-29T01:00:00"),
        ("30 2 * * *", BERLIN, "2026-03-29T01:00:00", "2026-03-30T00:30:00"),
    ],
)
def test_the_next_tick(rule: str, zone: str, after: str, tick: str) -> None:
    assert schedule.next_tick(rule, zone, at(after)) == at(tick)


def test_an_hour_that_comes_twice_runs_a_daily_flow_once() -> None:
    first = schedule.next_tick("30 2 * * *", BERLIN, at("2026-10-24T12:00:00"))
    second = schedule.next_tick("30 2 * * *", BERLIN, first)

    assert first in (at("2026-10-25T00:30:00"), at("2026-10-25T01:30:00"))
    assert second == at("2026-10-26T01:30:00")


@pytest.mark.parametrize("day", ["2026-03-28T20:00:00", "2026-10-24T20:00:00"])
def test_an_interval_does_not_heed_changes_of_the_clock(day: str) -> None:
    tick = at(day)
    for _ in range(200):
        later = schedule.next_tick("every 5m", BERLIN, tick)
        assert later - tick == timedelta(minutes=5)
        tick = later


@pytest.mark.parametrize(
    ("rule", "zone"),
    [
        ("every 1s", "UTC"),
        ("every 0m", "UTC"),
        ("every day", "UTC"),
        ("61 * * * *", "UTC"),
        ("* * *", "UTC"),
        ("", "UTC"),
        ("0 6 * * *", "Europe/Nowhere"),
        ("0 6 * * *", "../etc/passwd"),
    ],
)
def test_what_is_no_rule_or_zone_is_refused_in_words(rule: str, zone: str) -> None:
    with pytest.raises(BadDefinition, match=r"schedule|zone"):
        schedule.next_tick(rule, zone, at("2026-11-25T00:00:00"))


@pytest.fixture
def flow(transactional_db: None) -> Flow:
    return a_flow(trigger={"schedule": "every 10m"})


def due(flow: Flow, ago: timedelta, **more: object) -> datetime:
    """The flow was due so long ago. Answers the moment of now."""
    now = timezone.now()
    Schedule.objects.filter(flow=flow).update(next_tick=now - ago, **more)
    return now


def test_what_is_due_starts_once_and_the_next_tick_lies_ahead(flow: Flow) -> None:
    now = due(flow, timedelta(seconds=1))

    assert schedule.beat(now) == 1
    assert schedule.beat(now) == 0

    row = Schedule.objects.get()
    run = Run.objects.get()
    assert row.next_tick is not None and row.next_tick > now
    assert (run.cause, run.tick) == (Run.Cause.SCHEDULE, row.last_tick)
    assert row.missed == 0


def test_missed_ticks_are_counted_and_made_up_for_by_one_run(flow: Flow) -> None:
    now = due(flow, timedelta(hours=1, seconds=1))

    assert schedule.beat(now) == 1

    assert Run.objects.count() == 1
    assert Schedule.objects.get().missed == 6


def test_missed_ticks_can_be_let_go(flow: Flow) -> None:
    now = due(flow, timedelta(hours=1, seconds=1), on_missed="skip")

    assert schedule.beat(now) == 0

    row = Schedule.objects.get()
    assert not Run.objects.exists()
    assert row.missed == 6
    assert row.next_tick is not None and row.next_tick > now


def test_a_run_that_outlasts_its_interval_is_said(flow: Flow) -> None:
    schedule.beat(due(flow, timedelta(seconds=1)))
    schedule.beat(due(flow, timedelta(0)))

    assert Run.objects.count() == 1
    assert Schedule.objects.get().overlapped == 1


def test_eight_beats_at_once_make_one_run_a_tick(flow: Flow) -> None:
    now = due(flow, timedelta(seconds=1))

    def one(_: int) -> int:
        try:
            return schedule.beat(now)
        finally:
            database.close_all()

    with ThreadPoolExecutor(8) as pool:
        started = list(pool.map(one, range(16)))

    assert sum(started) == 1
    assert Run.objects.count() == 1


def test_a_flow_that_is_off_or_archived_is_never_due(flow: Flow) -> None:
    store.set_enabled(flow, False, actor="omar", reason="closed")
    assert schedule.beat(due(flow, timedelta(seconds=1))) == 0
    store.set_enabled(flow, True, actor="omar")
    Flow.objects.update(archived_at=timezone.now())

    assert schedule.beat(due(flow, timedelta(seconds=1))) == 0
    with pytest.raises(NotPossible):
        dispatch.start(flow, cause=Run.Cause.MANUAL, actor="omar")
    assert not Run.objects.exists()


def test_a_run_that_waits_when_its_flow_is_switched_off_reads_nothing(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = Source(), Target("by key")
    source.change("V-1", "Alpha")
    monkeypatch.setattr("connector.flows.clients.open_client", opener(source, target))
    run = dispatch.start(flow, cause=Run.Cause.MANUAL, actor="omar")
    assert run is not None
    store.set_enabled(flow, False, actor="omar", reason="closed")

    tasks.run({"run": str(run.pk)}, a_job())

    run.refresh_from_db()
    assert (run.state, run.message) == (Run.State.STOPPED, "The flow was switched off.")
    assert not target.created


def test_an_old_version_never_runs_even_if_its_run_was_waiting(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = opener(Source(), Target("by key"))
    monkeypatch.setattr("connector.flows.clients.open_client", opens)
    stale = Flow.objects.select_related("current").get(pk=flow.pk)
    run = dispatch.start(flow, cause=Run.Cause.MANUAL, actor="omar")
    assert run is not None
    new = store.save_version(flow, Definition(mapping={**VENDORS, "checks": []}), actor="omar")
    assert new is not None

    tasks.run({"run": str(run.pk)}, a_job())
    later = dispatch.start(stale, cause=Run.Cause.MANUAL, actor="omar")

    run.refresh_from_db()
    assert run.state == Run.State.FINISHED
    assert run.version_id == new.pk
    assert later is not None and later.version_id == new.pk
