"""appliance.queue.beat and appliance.queue.watchdog"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from appliance.queue import beat, shared, watchdog
from appliance.queue.beat import Baton
from appliance.queue.watchdog import Watchdog
from connector.jobs import queue, registry
from connector.jobs.registry import Kind
from tests.appliance.queue.conftest import ask

pytestmark = pytest.mark.django_db(transaction=True)


def takes(baton: Baton, seconds: float = 5.0) -> bool:
    """Whether it comes to beat: the server lets go of a lock a moment after its session ended."""
    deadline = time.monotonic() + seconds
    while not (held := baton.held()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return held


def test_one_worker_beats_and_another_takes_over_when_its_connection_ends() -> None:
    mine, other = Baton(), Baton()
    with ThreadPoolExecutor(1) as thread:
        assert mine.held()
        assert mine.held()
        assert not thread.submit(other.held).result()

        connection.close()

        assert thread.submit(takes, other).result()
        assert not mine.held()
        thread.submit(lambda: connection.close()).result()
        assert takes(mine)
    connection.close()


def test_the_baton_is_known_to_be_lost_after_the_connection_was_made_anew() -> None:
    mine, other = Baton(), Baton()
    with ThreadPoolExecutor(1) as thread:
        assert mine.held()
        connection.close()
        assert thread.submit(takes, other).result()
        connection.ensure_connection()

        assert not mine.held()
        thread.submit(lambda: connection.close()).result()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Watchdog:
    monkeypatch.setattr(watchdog, "LOOK_S", 0)
    monkeypatch.setattr(watchdog, "DEAD_S", 0)
    return Watchdog()


def test_a_queue_is_dead_when_a_job_is_due_and_nobody_asks(impatient: Watchdog) -> None:
    assert not impatient.is_dead()
    ask(delay_s=60)
    assert not impatient.is_dead()
    ask()
    assert impatient.is_dead()


def test_a_queue_is_alive_while_a_worker_gives_its_pulse(
    impatient: Watchdog, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask()
    monkeypatch.setattr(watchdog, "DEAD_S", 0.5)
    shared.beat_pulse()

    assert not impatient.is_dead()


def test_a_job_that_waits_for_its_own_key_is_no_sign_of_death(impatient: Watchdog) -> None:
    ask(dedupe_key="flow:1")
    queue.claim("a")
    ask(dedupe_key="flow:1")

    assert not impatient.is_dead()


def test_the_settings_name_an_entry_for_every_kind_and_functions_for_the_beat() -> None:
    assert set(settings.CONNECTOR_JOBS) == set(Kind)
    for kind in Kind:
        assert callable(registry.entry(kind))
    for name, every_s in settings.CONNECTOR_BEATS.items():
        assert callable(import_string(name))
        assert every_s > beat.TICK_S
