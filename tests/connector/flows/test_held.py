"""connector.flows.held: what waits, what releases it, and what a person does about it"""

import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connections as database

from connector.audit.actions import Action
from connector.audit.models import Entry
from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows import held, ledger, maps, store, tasks
from connector.flows.definition import Definition
from connector.flows.errors import NotPossible
from connector.flows.identity import Names
from connector.flows.mapping.errors import Reason
from connector.flows.mapping.links import LinkKey
from connector.flows.mapping.outcomes import Problem
from connector.flows.models import Delivery, Flow, HeldRecord, Route, Run, ValueMap
from connector.flows.page import HeldBack, Record
from connector.systems.outcomes import Page as SourcePage
from connector.systems.reading.key import joined
from tests.connector.flows.box import (
    ACCOUNTS,
    BILLS,
    World,
    a_world,
    run_now,
    work_off,
    work_on,
)
from tests.connector.flows.memory import Source, Target, opener
from tests.connector.flows.rows import a_claim, a_flow, a_route, a_run, the_row

pytestmark = pytest.mark.django_db(transaction=True)
State = HeldRecord.State
MISSING = "3400"


def without(code: str) -> Any:
    return [(key, value) for key, value in ACCOUNTS if key != (code,)]


def bills_held_for_an_account(world: World) -> tuple[Flow, Run]:
    vendors, bills = world.vendors_and_bills(accounts=without(MISSING))
    run_now(vendors)
    return bills, run_now(bills)


def released_run(flow: Flow) -> Run:
    return Run.objects.get(flow=flow, kind=Run.Kind.HELD, state=Run.State.QUEUED)


def test_an_account_without_an_entry_is_held_with_field_value_and_what_it_waits_for(
    tmp_path: Path,
) -> None:
    with a_world(tmp_path, vendors=4, bills=30) as world:
        _, run = bills_held_for_an_account(world)

    row = HeldRecord.objects.filter(state=State.WAITING).first()
    assert row is not None
    problem = held.problems_of(row)[0]
    assert run.held == HeldRecord.objects.count() > 0
    assert run.delivered > 0
    assert str(problem["field"]).startswith("lines[")
    assert (problem["reason"], problem["value"]) == ("no_map_entry", MISSING)
    assert problem["wait_key"] == f"map:gl-accounts:{MISSING}"
    assert MISSING.encode() not in bytes(row.problems_sealed) + bytes(row.record_sealed)
    assert MISSING not in "".join(row.waits_for)


def test_the_entry_that_was_missing_releases_just_what_waits_for_it_and_it_is_posted(
    tmp_path: Path,
) -> None:
    with a_world(tmp_path, vendors=4, bills=40) as world:
        vendors, bills = world.vendors_and_bills(accounts=without(MISSING)[:-2])
        run_now(vendors)
        first = run_now(bills)
        waiting = first.held
        posted = world.ap.stats()["bills"]
        table = ValueMap.objects.get()

        maps.add_entry(table, (MISSING,), MISSING, actor="ruth")
        work_off("flows.held")
        released = HeldRecord.objects.filter(state=State.RELEASED).count()
        done = work_on(released_run(bills))
        still = HeldRecord.objects.filter(state=State.WAITING)

        assert 0 < released < waiting
        assert done.read == released == done.delivered + done.held
        assert world.ap.stats()["bills"] == posted + done.delivered
        assert not world.ap.stats()["repeated_references"]
        assert still.count() == waiting - done.delivered
        for row in still:
            keys = [str(problem["wait_key"]) for problem in held.problems_of(row)]
            assert keys != [f"map:gl-accounts:{MISSING}"]


def test_an_entry_for_something_else_releases_nothing(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=4, bills=30) as world:
        bills_held_for_an_account(world)

        maps.add_entry(ValueMap.objects.get(), ("9999",), "9999", actor="ruth")
        work_off("flows.held")

    assert not HeldRecord.objects.filter(state=State.RELEASED).exists()
    assert not Run.objects.filter(kind=Run.Kind.HELD).exists()


def test_a_new_version_of_the_flow_tries_all_that_was_held(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=4, bills=30) as world:
        bills, run = bills_held_for_an_account(world)
        kept = {**BILLS, "map": {**BILLS["map"]}}
        kept["map"]["lines"] = {
            **BILLS["map"]["lines"],
            "map": {
                **BILLS["map"]["lines"]["map"],
                "gl_account": {
                    "from": "gl_account",
                    "do": [{"map": {"name": "gl-accounts", "default": "0400"}}],
                },
            },
        }

        store.save_version(bills, Definition(mapping=kept), actor="omar")
        done = work_on(released_run(bills))

    assert done.delivered == run.held
    assert done.version.number == 2


def test_what_a_new_version_does_not_mend_waits_again_and_stops_nothing(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=3, bills=60) as world:
        vendors, bills = world.vendors_and_bills(accounts=[])
        run_now(vendors)
        run = run_now(bills)
        store.save_version(bills, Definition(mapping={**BILLS, "checks": []}), actor="omar")
        tried = work_on(released_run(bills))

    assert run.held == tried.held >= 20
    assert tried.state == Run.State.FINISHED
    assert HeldRecord.objects.filter(state=State.WAITING).count() == run.held


def test_a_run_whose_first_records_are_all_held_for_one_reason_stops_and_holds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, target = Source(), Target("by key")
    for number in range(20):
        source.change(f"V-{number}", " ")
    monkeypatch.setattr("connector.flows.clients.open_client", opener(source, target))
    monkeypatch.setattr("tests.connector.flows.memory.PER_PAGE", 20)

    run = run_now(a_flow())

    assert run.state == Run.State.STOPPED
    assert "All of the first 20 records are held for name (required)" in run.message
    assert (run.read, run.held) == (0, 0)
    assert not HeldRecord.objects.exists()
    assert not target.created


def test_many_released_at_once_that_are_still_wrong_wait_in_the_inbox_again(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=3, bills=60) as world:
        _, bills = world.vendors_and_bills()
        run = run_now(bills)
        assert run.held >= 20

        held.retry(bills, None, actor="ruth")
        done = work_on(released_run(bills))

    assert done.state == Run.State.FINISHED
    assert done.held == done.read == run.held
    assert HeldRecord.objects.filter(state=State.WAITING).count() == run.held


def test_a_dismissed_record_is_sent_by_nobody_and_kept_no_longer(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=4, bills=30) as world:
        bills, run = bills_held_for_an_account(world)
        row = HeldRecord.objects.order_by("pk").first()
        assert row is not None

        assert held.dismiss(row, reason="entered by hand", actor="ruth")
        assert not held.dismiss(row, reason="again", actor="ruth")
        maps.add_entry(ValueMap.objects.get(), (MISSING,), MISSING, actor="ruth")
        work_off("flows.held")
        done = work_on(released_run(bills))

    row.refresh_from_db()
    assert done.delivered == run.held - 1
    assert row.state == State.DISMISSED
    assert (bytes(row.record_sealed), bytes(row.problems_sealed)) == (b"", b"")
    entry = Entry.objects.get(action=Action.HELD_DISMISSED)
    assert entry.actor == "ruth"


def test_a_retry_of_some_leaves_the_others(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=4, bills=30) as world:
        bills, run = bills_held_for_an_account(world)
        ids = list(HeldRecord.objects.values_list("pk", flat=True)[:2])

        assert held.retry(bills, ids, actor="ruth") == 2
        done = work_on(released_run(bills))

    assert (done.read, done.held) == (2, 2)
    assert HeldRecord.objects.filter(state=State.WAITING).count() == run.held


def test_a_retry_of_a_flow_that_is_off_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=4, bills=30) as world:
        bills, run = bills_held_for_an_account(world)
        store.set_enabled(bills, False, actor="omar", reason="closing the year")

        with pytest.raises(NotPossible):
            held.retry(bills, None, actor="ruth")
        maps.add_entry(ValueMap.objects.get(), (MISSING,), MISSING, actor="ruth")
        work_off("flows.held")

    assert HeldRecord.objects.filter(state=State.RELEASED).count() == run.held
    assert not Run.objects.filter(kind=Run.Kind.HELD).exists()


def test_a_record_held_twice_stands_once_with_its_newest_problems(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=4, bills=30) as world:
        bills, run = bills_held_for_an_account(world)

        again = run_now(bills, kind=Run.Kind.FULL)

    assert again.held == run.held == HeldRecord.objects.count()
    assert (again.delivered, again.unchanged) == (0, run.delivered)


def test_a_vendor_that_arrives_while_its_bill_is_being_held_releases_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the planning of a page and its commit nobody can see that it will wait."""
    with a_world(tmp_path, vendors=3, bills=10) as world:
        vendors, bills = world.vendors_and_bills()
        real = ledger.claim

        def slowly(route: Route, run: Run, claims: Any) -> Any:
            if route.object == "bill":
                in_thread(lambda: run_now(vendors))
            return real(route, run, claims)

        monkeypatch.setattr(ledger, "claim", slowly)
        run = run_now(bills)
        monkeypatch.undo()
        done = work_on(released_run(bills))

    assert run.held > 0
    assert done.delivered == run.held
    assert not HeldRecord.objects.exclude(state=State.SOLVED).exists()


def test_an_entry_that_arrives_while_its_bill_is_being_held_releases_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_world(tmp_path, vendors=3, bills=30) as world:
        vendors, bills = world.vendors_and_bills(accounts=without(MISSING))
        run_now(vendors)
        real = ledger.claim

        def slowly(route: Route, run: Run, claims: Any) -> Any:
            in_thread(entered)
            return real(route, run, claims)

        def entered() -> None:
            maps.add_entry(ValueMap.objects.get(), (MISSING,), MISSING, actor="ruth")
            work_off("flows.held")

        monkeypatch.setattr(ledger, "claim", slowly)
        run = run_now(bills)
        monkeypatch.undo()
        done = work_on(released_run(bills))

    assert run.held > 0
    assert done.delivered == run.held


def in_thread(work: Any) -> None:
    def one() -> None:
        try:
            work()
        finally:
            database.close_all()

    thread = threading.Thread(target=one)
    thread.start()
    thread.join()


def test_what_is_released_while_such_a_run_goes_on_is_taken_up_after_it(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=4, bills=30) as world:
        bills, _ = bills_held_for_an_account(world)
        first, second = HeldRecord.objects.order_by("pk")[:2]
        held.retry(bills, [second.pk], actor="ruth")
        run = released_run(bills)
        # The run has passed the first one's place when that is released.
        Run.objects.filter(pk=run.pk).update(state=Run.State.RUNNING)
        held.retry(bills, [first.pk], actor="ruth")
        HeldRecord.objects.filter(pk=second.pk).update(state=State.WAITING)

        tasks.close(run, Run.State.FINISHED, "")

        assert released_run(bills).pk != run.pk


def test_records_that_came_incomplete_are_held_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = Source(), Target("by key")
    for number in range(2):
        source.change(f"V-{number}", "Alpha")
    real = source.read_page

    def cut(*args: Any, **more: Any) -> SourcePage:
        page = real(*args, **more)
        return SourcePage(page.records[:1], page.next, page.mark, cut=page.records[1:])

    monkeypatch.setattr(source, "read_page", cut)
    monkeypatch.setattr("connector.flows.clients.open_client", opener(source, target))

    run = run_now(a_flow())

    assert (run.read, run.delivered, run.held) == (2, 1, 1)
    assert HeldRecord.objects.get().reasons == ["too_big"]
    assert list(target.created) == ["V-0"]


def test_a_link_over_several_columns_is_released_by_the_record_of_just_these() -> None:
    flow = a_flow()
    route, run = a_route(flow), a_run(flow)
    names = Names.of(route)
    waiting = [("10", "S-99"), ("1", "0S-99"), ("10", "S-9")]
    for number, parts in enumerate(waiting):
        key = LinkKey(route.stream, route.object, parts)
        problem = Problem("vendor_id", Reason.NO_LINK, None, "not there", key.wait_key)
        record = Record(str(number), names.source_key(str(number)), b"", {"id": str(number)})
        held.keep(run, route, [HeldBack(record, (problem,))])
    arrived = joined(["10", "S-99"])
    (pk,) = ledger.claim(route, run, [a_claim(route, arrived)]).values()
    row = the_row(route, arrived)
    row.source_key_sealed = envelope.seal(
        Domain.PAYLOAD, arrived.encode(), place=row.place("source_key")
    )
    row.remote_sealed = envelope.seal_json(
        Domain.PAYLOAD, {"id": "R-1", "take": {}}, place=row.place("remote")
    )
    row.state, row.remote_key = Delivery.State.DELIVERED, names.remote_key("R-1")
    row.save()

    held.release_settled(route, [pk])

    states = HeldRecord.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [State.RELEASED, State.WAITING, State.WAITING]


def test_a_page_without_anything_held_asks_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = Source(), Target("by key")
    source.change("V-1", "Alpha")
    monkeypatch.setattr("connector.flows.clients.open_client", opener(source, target))
    asked: list[Any] = []
    monkeypatch.setattr("connector.flows.maps.release_since", asked.append)

    run = run_now(a_flow())

    assert run.delivered == 1
    assert asked == []
