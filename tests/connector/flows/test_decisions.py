"""connector.flows.decisions: what a person decides is done once, and too late is not at all"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.audit.actions import Action
from connector.audit.models import Entry
from connector.flows import decisions, inbox, maps, readers, store
from connector.flows.definition import Definition
from connector.flows.errors import NotPossible
from connector.flows.models import Delivery, Flow, HeldRecord, Payload, Run, ValueMap
from connector.jobs.models import Job
from tests.connector.flows.box import (
    ACCOUNTS,
    VENDORS,
    World,
    a_world,
    run_now,
    work_off,
    work_on,
)
from tests.connector.flows.memory import Source, Target, opener
from tests.connector.flows.rows import a_flow

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State
WRONG = "3400"


def nothing_more() -> None:
    """The record as it was read is still kept."""


def payloads_gone() -> None:
    Payload.objects.all().delete()


def decided_to_retry(row: Delivery) -> Run:
    """A person asks, the worker carries it out, and the run that this starts is worked on."""
    decisions.ask(row, decisions.RETRY, actor="ruth")
    work_off("flows.decide")
    return work_on(Run.objects.get(flow=row.flow, state=Run.State.QUEUED))


def posted(world: World, kind: str) -> int:
    calls: dict[str, int] = world.ap.stats()["calls"]
    return calls.get(f"POST /v2/{kind}", 0)


@pytest.mark.parametrize(
    ("forget", "kind"),
    [(nothing_more, Run.Kind.HELD), (payloads_gone, Run.Kind.RECORDS)],
    ids=["record kept", "read again"],
)
def test_a_rejected_bill_is_sent_exactly_once_after_its_account_was_corrected(
    tmp_path: Path, forget: Callable[[], None], kind: str
) -> None:
    wrong = [(key, "9999" if key == (WRONG,) else value) for key, value in ACCOUNTS]
    with a_world(tmp_path, vendors=3, bills=25) as world:
        vendors, bills = world.vendors_and_bills(accounts=wrong)
        run_now(vendors)
        first = run_now(bills)
        rejected = Delivery.objects.filter(state=State.REJECTED)
        row, others = rejected[0], rejected.count() - 1
        before = posted(world, "bills")
        maps.add_entry(ValueMap.objects.get(), (WRONG,), WRONG, actor="ruth")
        forget()

        run = decided_to_retry(row)
        after = posted(world, "bills")
        there = Counter(bill["external_id"] for bill in world.ap_records("bills"))

    row.refresh_from_db()
    assert first.rejected == others + 1 > 1
    assert (run.kind, run.read, run.delivered) == (kind, 1, 1)
    assert (row.state, row.problem) == (State.DELIVERED, "")
    assert after == before + 1
    assert there[row.external_id] == 1
    assert len(there) == first.delivered + 1
    assert rejected.count() == others
    assert not HeldRecord.objects.exclude(state=HeldRecord.State.SOLVED).exists()


def test_a_rejected_vendor_is_sent_once_after_the_mapping_was_corrected(tmp_path: Path) -> None:
    wrong = {"map": {**VENDORS["map"], "currency": {"value": "XPF"}}}
    with a_world(tmp_path, vendors=2, bills=0) as world:
        flow = world.flow("vendors", "vendors", "vendor", wrong)
        first = run_now(flow)
        store.save_version(flow, Definition(mapping=VENDORS), actor="omar")
        row = Delivery.objects.order_by("pk")[0]

        run = decided_to_retry(row)
        retried = posted(world, "vendors")
        rest = run_now(flow, kind=Run.Kind.FULL)
        there = [one["reference"] for one in world.ap_records("vendors")]
        in_all = posted(world, "vendors")

    assert (first.rejected, run.delivered) == (2, 1)
    assert retried == 3
    assert (rest.delivered, rest.unchanged) == (1, 1)
    assert in_all == 4
    assert sorted(there) == ["V-10001", "V-10002"]


def test_what_is_refused_again_comes_back_to_the_inbox(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=1, bills=0) as world:
        vendors, _ = world.vendors_and_bills()
        world.change_vendor("V-10001", currency="XPF")
        run_now(vendors)
        row = Delivery.objects.get()
        decisions.ask(row, decisions.RETRY, actor="ruth")
        work_off("flows.decide")
        away = inbox.waiting()
        run = work_on(Run.objects.get(state=Run.State.QUEUED))
        sent = posted(world, "vendors")

    row.refresh_from_db()
    assert (away, inbox.waiting()) == (0, 1)
    assert (run.rejected, sent) == (1, 2)
    assert (row.state, row.problem) == (State.REJECTED, "refused")


Memory = tuple[Flow, Source, Target]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """A flow to a ledger that knows no key and shows nothing."""
    source, target = Source(), Target("nothing")
    target.system.limits.timeout_s = 0
    monkeypatch.setattr("connector.flows.clients.open_client", opener(source, target))
    return a_flow(), source, target


def left_open(memory: Memory, befalls: str) -> Delivery:
    """One vendor whose call met this."""
    flow, source, target = memory
    source.change("V-1", "Alpha")
    target.script = [befalls]
    run_now(flow)
    return Delivery.objects.get()


def test_a_record_that_is_there_by_a_persons_word_is_changed_under_that_id(memory: Memory) -> None:
    flow, source, target = memory
    row = left_open(memory, "lost on its way")
    assert (row.state, row.problem) == (State.UNCERTAIN, "no_way")

    decisions.ask(row, decisions.THERE, actor="ruth", remote_id=" R-77 ")
    work_off("flows.decide")
    source.change("V-1", "Beta")
    run = run_now(flow)

    assert run.delivered == 1
    assert target.names == {"R-77": "Beta"}
    assert not target.created
    entry = Entry.objects.get(action=Action.DELIVERY_DECIDED)
    assert (entry.actor, json.loads(entry.facts)["decision"]) == ("ruth", "there")
    assert "R-77" not in entry.facts


def test_a_record_that_is_not_there_by_a_persons_word_is_sent_once(memory: Memory) -> None:
    flow, _, target = memory
    row = left_open(memory, "lost on its way")

    decisions.ask(row, decisions.SEND, actor="ruth")
    work_off("flows.decide")
    work_on(Run.objects.get(state=Run.State.QUEUED))
    run_now(flow, kind=Run.Kind.FULL)

    row.refresh_from_db()
    assert row.state == State.DELIVERED
    assert target.created == {"V-1": 1}


@pytest.mark.parametrize("remote_id", ["", "   ", "x" * 91])
def test_it_is_there_needs_an_id(memory: Memory, remote_id: str) -> None:
    row = left_open(memory, "lost on its way")

    with pytest.raises(NotPossible, match="Give the id"):
        decisions.ask(row, decisions.THERE, actor="ruth", remote_id=remote_id)

    assert not Job.objects.filter(kind="flows.decide").exists()
    assert not Entry.objects.filter(action=Action.DELIVERY_DECIDED).exists()


def test_a_second_decision_waits_for_the_first(memory: Memory) -> None:
    row = left_open(memory, "lost on its way")
    decisions.ask(row, decisions.SEND, actor="ruth")

    with pytest.raises(NotPossible, match="waits to be carried out"):
        decisions.ask(row, decisions.THERE, actor="omar", remote_id="R-77")

    assert Entry.objects.filter(action=Action.DELIVERY_DECIDED).count() == 1


@pytest.mark.parametrize("befalls", ["fine", "refused", "lost on its way"])
def test_decisions_for_another_state_are_refused_and_late_ones_change_nothing(
    memory: Memory, befalls: str
) -> None:
    row = left_open(memory, befalls)
    before = Delivery.objects.values().get()
    fits = {State.REJECTED: ["retry"], State.UNCERTAIN: ["send", "there"]}.get(State(row.state), [])

    for decision in ("retry", "send", "there", "shrug"):
        if decision in fits:
            continue
        with pytest.raises(NotPossible):
            decisions.ask(row, decision, actor="ruth", remote_id="R-77")
        decisions.carry_out(row.pk, "there:R-77" if decision == "there" else decision, "ruth")

    assert Delivery.objects.values().get() == before
    assert not Run.objects.exclude(state=Run.State.FINISHED).exists()
    assert not Job.objects.filter(kind="flows.decide").exists()


def test_a_retry_that_comes_while_released_records_are_worked_on_is_sent(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, _, target = memory
    row = left_open(memory, "refused")
    decisions.ask(row, decisions.RETRY, actor="ruth")
    real = readers.next_batch

    def later(*args: Any) -> Any:
        work_off("flows.decide")
        return real(*args)

    monkeypatch.setattr(readers, "next_batch", later)
    run_now(flow, kind=Run.Kind.HELD)

    row.refresh_from_db()
    assert (row.state, row.problem) == (State.DELIVERED, "")
    assert target.created == {"V-1": 1}
