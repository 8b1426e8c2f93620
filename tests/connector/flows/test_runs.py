"""connector.flows: whole runs between two real systems"""

from pathlib import Path

import pytest

from connector.flows import dispatch
from connector.flows.models import Cursor, Delivery, HeldRecord, Payload, Run
from tests.connector.flows.box import ACCOUNTS, a_world, run_now, work_on

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State


def adds_up(run: Run) -> bool:
    parts = (run.delivered, run.unchanged, run.skipped, run.held, run.rejected, run.uncertain)
    return run.read == sum(parts)


def test_vendors_and_bills_arrive_once_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=8, bills=30) as world:
        vendors, bills = world.vendors_and_bills()

        first = run_now(vendors)
        second = run_now(bills)
        again = run_now(bills, kind=Run.Kind.FULL)
        stats = world.ap.stats()

    assert (first.state, first.delivered, first.read) == (Run.State.FINISHED, 8, 8)
    assert (second.state, second.read) == (Run.State.FINISHED, 30)
    assert second.delivered + second.skipped == 30
    assert stats["bills"] == second.delivered > 0
    assert not stats["repeated_references"]
    assert (again.read, again.delivered, again.unchanged) == (30, 0, second.delivered)
    assert not HeldRecord.objects.exists()
    assert not Delivery.objects.exclude(state=State.DELIVERED).exists()


def test_nothing_of_a_record_is_in_the_tables_in_clear(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=3, bills=3) as world:
        vendors, _ = world.vendors_and_bills()
        run_now(vendors)

    name = b"GmbH"
    for kept in Payload.objects.all():
        assert name not in bytes(kept.record_sealed) + bytes(kept.request_sealed)
    for row in Delivery.objects.all():
        assert b"V-1000" not in bytes(row.source_key_sealed) + bytes(row.remote_sealed)


def test_a_changed_record_becomes_an_update_of_the_same_one(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=3, bills=0) as world:
        vendors, _ = world.vendors_and_bills()
        run_now(vendors)
        world.change_vendor("V-10001", name="Another Name Ltd")

        run = run_now(vendors)
        there = world.ap_records("vendors")

    assert run.delivered == 1
    assert len(there) == 3
    assert [one["name"] for one in there if one["reference"] == "V-10001"] == ["Another Name Ltd"]


def test_a_record_that_changes_there_and_back_is_sent_each_time(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=1, bills=0) as world:
        vendors, _ = world.vendors_and_bills()
        run_now(vendors)
        first = world.ap_records("vendors")[0]["name"]
        for name in ("Other", first, "Other"):
            world.change_vendor("V-10001", name=name)
            assert run_now(vendors).delivered == 1

        there = world.ap_records("vendors")

    assert [one["name"] for one in there] == ["Other"]


def test_the_mark_moves_with_the_pages_and_the_next_run_reads_only_what_is_new(
    tmp_path: Path,
) -> None:
    with a_world(tmp_path, vendors=30, bills=0) as world:
        vendors, _ = world.vendors_and_bills()
        run_now(vendors)
        mark = Cursor.objects.get().mark
        world.change_vendor("V-10002", city="Lyon")

        run = run_now(vendors)

    assert mark
    assert run.read < 30
    assert Cursor.objects.get().mark > mark


def test_a_link_that_is_not_there_yet_holds_the_record_and_its_arrival_releases_it(
    tmp_path: Path,
) -> None:
    with a_world(tmp_path, vendors=4, bills=12) as world:
        vendors, bills = world.vendors_and_bills()
        held = run_now(bills)
        assert held.held > 0
        assert held.delivered == 0

        run_now(vendors)
        released = Run.objects.get(flow=bills, kind=Run.Kind.HELD)
        done = work_on(released)
        stats = world.ap.stats()

    assert adds_up(held)
    assert done.state == Run.State.FINISHED
    assert done.delivered == held.held == stats["bills"]
    assert not HeldRecord.objects.exclude(state=HeldRecord.State.SOLVED).exists()


def test_a_solved_record_is_kept_no_longer(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=2, bills=5) as world:
        vendors, bills = world.vendors_and_bills()
        run_now(bills)
        run_now(vendors)
        work_on(Run.objects.get(flow=bills, kind=Run.Kind.HELD))

    for row in HeldRecord.objects.all():
        assert (bytes(row.record_sealed), bytes(row.problems_sealed)) == (b"", b"")


def test_a_refused_record_waits_for_a_person_and_stops_no_other(tmp_path: Path) -> None:
    wrong = [(key, "9999" if key == ("3400",) else value) for key, value in ACCOUNTS]
    with a_world(tmp_path, vendors=3, bills=40) as world:
        vendors, bills = world.vendors_and_bills(accounts=wrong)
        run_now(vendors)

        run = run_now(bills)
        calls = world.ap.stats()["calls"]
        again = run_now(bills, kind=Run.Kind.FULL)
        calls_then = world.ap.stats()["calls"]

    assert run.state == Run.State.FINISHED
    assert adds_up(run)
    assert run.rejected > 0
    assert run.delivered > 0
    assert again.rejected == run.rejected
    assert calls_then.get("POST bills") == calls.get("POST bills")


def test_a_run_of_named_records_reads_only_those(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=5, bills=0) as world:
        vendors, _ = world.vendors_and_bills()

        run = run_now(vendors, kind=Run.Kind.RECORDS, records=["V-10001", "V-10003", "V-999"])
        there = world.ap_records("vendors")

    assert (run.read, run.delivered, run.skipped) == (3, 2, 1)
    assert {one["reference"] for one in there} == {"V-10001", "V-10003"}
    assert not Cursor.objects.exists()


def test_a_cancelled_run_ends_after_the_page_at_hand(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=5, bills=0) as world:
        vendors, _ = world.vendors_and_bills()
        run = dispatch.start(vendors, cause=Run.Cause.MANUAL, actor="omar")
        assert run is not None

        dispatch.cancel(run, actor="omar")
        done = work_on(run)
        there = world.ap_records("vendors")

    assert done.state == Run.State.CANCELLED
    assert there == []


def test_two_runs_of_one_kind_never_go_on_at_once(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=1, bills=0) as world:
        vendors, _ = world.vendors_and_bills()

        first = dispatch.start(vendors, cause=Run.Cause.MANUAL, actor="omar")
        second = dispatch.start(vendors, cause=Run.Cause.MANUAL, actor="omar")

    assert first is not None
    assert second is None


def test_a_record_whose_change_was_refused_still_answers_links_to_it(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=2, bills=12) as world:
        vendors, bills = world.vendors_and_bills()
        run_now(vendors)
        for number in (1, 2):
            world.change_vendor(f"V-{10_000 + number}", currency="XPF")
        refused = run_now(vendors)

        run = run_now(bills)

    assert (refused.rejected, refused.delivered) == (2, 0)
    assert run.held == 0
    assert run.delivered > 0
