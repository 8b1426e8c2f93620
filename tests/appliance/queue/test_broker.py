"""appliance.queue.broker"""

from datetime import datetime

import pytest
from django.test import override_settings
from django_q.signing import SignedPackage

from appliance.queue import shared
from appliance.queue.broker import Broker
from appliance.queue.drain import drain
from connector.jobs.models import Job
from tests.appliance.queue.conftest import ask

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_hands_out_one_package_for_each_due_job_and_at_most_one_a_worker() -> None:
    ask(delay_s=60)
    assert Broker().dequeue() == []
    ask()
    assert len(Broker().dequeue() or []) == 1
    for _ in range(5):
        ask()
    with override_settings(WORKERS=3):
        assert len(Broker().dequeue() or []) == 3

    assert set(Job.objects.values_list("state", flat=True)) == {"waiting"}


def test_a_package_names_drain_and_carries_nothing() -> None:
    ask(args={"secret_name": "x"})
    ((ack_id, package),) = Broker().dequeue() or []

    task = SignedPackage.loads(package)

    assert task["func"] is drain
    assert (task["args"], task["kwargs"]) == ((), {})
    assert isinstance(task["started"], datetime)
    assert ack_id == task["id"]
    assert not task.keys() & {"hook", "chain", "group", "cached", "sync", "save", "timeout"}


def test_two_packages_never_have_the_same_id() -> None:
    ask()
    ask()

    first, second = (SignedPackage.loads(package)["id"] for _, package in Broker().dequeue() or [])

    assert first != second


def test_nothing_can_be_queued_through_django_q() -> None:
    with pytest.raises(RuntimeError, match=r"connector\.jobs"):
        Broker().enqueue(SignedPackage.dumps({"func": "os.system", "args": ("id",)}))

    assert not Job.objects.exists()


def test_nothing_is_handed_out_once_a_stop_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ask()
    monkeypatch.setattr(shared, "stop_asked", lambda: True)

    assert Broker().dequeue() is None
