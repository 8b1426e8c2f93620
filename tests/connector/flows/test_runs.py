"""connector.flows: whole runs between two real systems"""

from pathlib import Path

import pytest

from connector.flows.models import Delivery, HeldRecord, Run
from tests.connector.flows.box import a_world, run_now

pytestmark = pytest.mark.django_db(transaction=True)


def test_vendors_and_bills_arrive_once_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=8, bills=30) as world:
        vendors, bills = world.vendors_and_bills()

        first = run_now(vendors)
        second = run_now(bills)
        again = run_now(bills)
        stats = world.ap.stats()

    assert (first.state, first.delivered, first.read) == (Run.State.FINISHED, 8, 8)
    assert second.state == Run.State.FINISHED
    assert second.delivered > 0
    assert second.read == 30
    assert second.delivered + second.skipped == 30
    assert stats["bills"] == second.delivered
    assert not stats["repeated_references"]
    assert again.delivered == 0
    assert not HeldRecord.objects.exists()
    assert not Delivery.objects.exclude(state=Delivery.State.DELIVERED).exists()
