"""connector.flows.payloads: what was read and sent is kept sealed, for a while"""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone

from connector.crypto.errors import CannotOpen
from connector.flows import payloads
from connector.flows.models import Delivery, Payload, Preview
from tests.connector.flows.box import World, a_world, run_now
from tests.connector.flows.rows import a_flow

pytestmark = pytest.mark.django_db(transaction=True)


def two_sent(world: World) -> list[Delivery]:
    vendors, _ = world.vendors_and_bills()
    world.change_vendor("V-10001", name="Alpha Beta Ltd")
    run_now(vendors)
    return sorted(Delivery.objects.all(), key=lambda row: source_id(row))


def source_id(row: Delivery) -> str:
    kept = payloads.opened(row)
    assert kept is not None
    record = kept["record"]
    assert isinstance(record, dict)
    return str(record["id"])


def over(row: Delivery) -> None:
    Payload.objects.filter(delivery=row).update(kept_until=timezone.now())


def test_record_and_request_are_sealed_and_opened_for_their_delivery(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=2, bills=0) as world:
        row, _ = two_sent(world)

    stored, kept = Payload.objects.get(delivery=row), payloads.opened(row)
    assert b"Alpha" not in bytes(stored.record_sealed) + bytes(stored.request_sealed)
    assert kept is not None
    record, request = kept["record"], kept["request"]
    assert isinstance(record, dict)
    assert isinstance(request, dict)
    assert (record["id"], record["name"]) == ("V-10001", "Alpha Beta Ltd")
    assert (request["reference"], request["name"]) == ("V-10001", "Alpha Beta Ltd")
    week = timezone.now() + timedelta(days=7)
    assert abs(stored.kept_until - week) < timedelta(minutes=1)


def test_a_payload_opens_for_no_other_delivery(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=2, bills=0) as world:
        one, other = two_sent(world)
    taken = Payload.objects.get(delivery=other)
    Payload.objects.filter(delivery=one).update(
        record_sealed=taken.record_sealed, request_sealed=taken.request_sealed
    )

    with pytest.raises(CannotOpen):
        payloads.opened(one)


def test_a_change_is_kept_in_place_of_what_was_sent_before(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=2, bills=0) as world:
        row, _ = two_sent(world)
        world.change_vendor("V-10001", name="Gamma Ltd")
        run_now(row.flow)

    kept = payloads.opened(row)
    assert kept is not None
    assert "Gamma Ltd" in str(kept["request"])
    assert "Alpha" not in str(kept)
    assert Payload.objects.count() == 2


def test_what_is_over_opens_no_more_even_before_it_is_deleted(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=2, bills=0) as world:
        row, _ = two_sent(world)
    over(row)

    assert payloads.opened(row) is None
    assert Payload.objects.filter(delivery=row).exists()


def test_clean_up_deletes_just_what_is_over_and_no_delivery(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=2, bills=0) as world:
        row, other = two_sent(world)
    over(row)

    assert payloads.clean_up() == 1

    assert Payload.objects.get().delivery == other
    assert payloads.opened(other) is not None
    assert Delivery.objects.count() == 2
    assert payloads.clean_up() == 0


def test_clean_up_goes_on_a_batch_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payloads, "AT_ONCE", 1)
    with a_world(tmp_path, vendors=2, bills=0) as world:
        for row in two_sent(world):
            over(row)

    assert [payloads.clean_up() for _ in range(3)] == [1, 1, 0]


def test_a_preview_is_kept_for_a_quarter_of_an_hour() -> None:
    flow, now = a_flow(), timezone.now()
    old, fresh = (
        Preview.objects.create(id=uuid4(), flow=flow, asked_by="ruth", draft_sealed=b"sealed")
        for _ in range(2)
    )
    Preview.objects.filter(pk=old.pk).update(created_at=now - timedelta(minutes=16))

    assert payloads.clean_up() == 1

    assert Preview.objects.get() == fresh
