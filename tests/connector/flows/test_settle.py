"""connector.flows.settle: whatever the ledger there does to the calls, each bill is there once"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from connector.flows import decisions, deliver, inbox, runner, settle
from connector.flows.errors import NotPossible
from connector.flows.models import Delivery, Flow, HeldRecord, Run
from tests.connector.flows.box import (
    World,
    a_job,
    a_world,
    ledger_without_keys,
    run_now,
    work_off,
    work_on,
)
from tests.connector.flows.memory import Died as MemoryDied
from tests.connector.flows.memory import Source, Target, opener
from tests.connector.flows.rows import a_flow

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State
BILLS = 25
FAULTS: dict[str, dict[str, float]] = {
    "cut after it was stored": {"drop_after_commit": 0.5},
    "500 after it was stored": {"error_after_commit": 0.5},
    "half an answer": {"truncate": 0.4},
    "slow": {"slow_ms": 30},
    "too many calls": {"rate_limited": 0.4, "retry_after_s": 0},
    "sessions that end": {"session_expiry": 0.4},
    "everything": {
        "drop_after_commit": 0.2,
        "error_after_commit": 0.2,
        "truncate": 0.1,
        "rate_limited": 0.1,
        "retry_after_s": 0,
        "session_expiry": 0.1,
    },
}
# A fault that never ends would be retried for ever: after so many the ledger behaves.
MOST = 60


def with_vendors(world: World) -> Flow:
    """Vendors are there; answers the flow of bills."""
    vendors, bills = world.vendors_and_bills()
    run_now(vendors)
    return bills


def run_until_finished(flow: Flow) -> Run:
    """A sign-in that ends twice in a row stops a run; the next tick starts another."""
    for _ in range(15):
        run = run_now(flow)
        if run.state == Run.State.FINISHED:
            break
        assert "sign-in" in run.message
    return run


def is_there_once(world: World, run: Run) -> None:
    there = Counter(bill["external_id"] for bill in world.ap_records("bills"))
    deliveries = Delivery.objects.filter(route__object="bill")
    assert set(there.values()) <= {1}
    assert run.state == Run.State.FINISHED
    assert run.read == BILLS
    assert run.delivered + run.unchanged + run.skipped == BILLS
    assert run.delivered + run.unchanged == len(there)
    assert len(there) == deliveries.filter(state=State.DELIVERED).count()
    assert not deliveries.exclude(state=State.DELIVERED).exists()


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_a_ledger_that_knows_our_key_has_every_bill_once(
    tmp_path: Path, faults: dict[str, float]
) -> None:
    with a_world(tmp_path, vendors=5, bills=BILLS) as world:
        bills = with_vendors(world)
        world.ap.faults(**faults, most=MOST)

        run = run_until_finished(bills)

        is_there_once(world, run)


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_a_ledger_that_is_looked_up_has_every_bill_once(
    tmp_path: Path, faults: dict[str, float]
) -> None:
    system = ledger_without_keys("ledger_looked_up")
    with a_world(
        tmp_path, vendors=5, bills=BILLS, ap={"idempotent": False}, system=system
    ) as world:
        bills = with_vendors(world)
        world.ap.faults(**faults, most=MOST)

        run = run_until_finished(bills)

        is_there_once(world, run)


@pytest.fixture
def no_way(tmp_path: Path) -> Any:
    """A world whose ledger knows no key and shows no bill."""
    system = ledger_without_keys("ledger_blind", looked_up=False)
    with a_world(
        tmp_path, vendors=5, bills=BILLS, ap={"idempotent": False}, system=system
    ) as world:
        yield world


def test_where_nothing_can_be_known_nothing_is_repeated_and_a_person_is_asked(
    no_way: World,
) -> None:
    bills = with_vendors(no_way)
    no_way.ap.faults(drop_after_commit=0.3, error_after_commit=0.2)

    run = run_now(bills)
    posts = no_way.ap.stats()["calls"]["POST /v2/bills"]
    run_now(bills, kind=Run.Kind.FULL)

    open_ = Delivery.objects.filter(state=State.UNCERTAIN)
    sent = Delivery.objects.filter(route__object="bill")
    there = Counter(bill["external_id"] for bill in no_way.ap_records("bills"))
    assert run.uncertain == open_.count() > 3
    assert set(open_.values_list("problem", flat=True)) == {"no_way"}
    assert set(there.values()) == {1}
    assert posts == sent.count() == no_way.ap.stats()["calls"]["POST /v2/bills"]
    (group,) = inbox.groups()
    assert (group.kind, group.records, group.reason) == ("uncertain", run.uncertain, "no_way")


def one_uncertain(world: World, **faults: float) -> tuple[Flow, Delivery]:
    """A world with one bill of which nobody knows whether it is there."""
    bills = with_vendors(world)
    world.ap.faults(**faults, most=1)
    run_now(bills)
    return bills, Delivery.objects.get(state=State.UNCERTAIN)


def test_a_person_says_that_it_is_there_and_under_which_id(no_way: World) -> None:
    bills, row = one_uncertain(no_way, drop_after_commit=1.0)
    posts = no_way.ap.stats()["calls"]["POST /v2/bills"]

    decisions.ask(row, decisions.THERE, actor="ruth", remote_id=" B-77 ")
    work_off("flows.decide")
    again = run_now(bills, kind=Run.Kind.FULL)

    row.refresh_from_db()
    assert (row.state, row.origin) == (State.DELIVERED, Delivery.Origin.DECIDED)
    assert settle.open_remote(row.route, _known(row))["id"] == "B-77"
    assert again.uncertain == 0
    assert no_way.ap.stats()["calls"]["POST /v2/bills"] == posts
    assert not inbox.groups()


def _known(row: Delivery) -> Any:
    from connector.flows import ledger

    return ledger.known(row.route, [bytes(row.source_key)])[bytes(row.source_key)]


def test_a_person_says_that_it_is_not_there_and_it_is_sent_once(no_way: World) -> None:
    bills, row = one_uncertain(no_way, error_after_commit=1.0)
    posts = no_way.ap.stats()["calls"]["POST /v2/bills"]

    decisions.ask(row, decisions.SEND, actor="ruth")
    work_off("flows.decide", "flows.run")
    run_now(bills, kind=Run.Kind.FULL)

    row.refresh_from_db()
    assert row.state == State.DELIVERED
    assert no_way.ap.stats()["calls"]["POST /v2/bills"] == posts + 1


def test_what_a_person_decided_counts_for_one_sending_even_if_the_worker_dies_in_it(
    no_way: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bills, row = one_uncertain(no_way, drop_after_commit=1.0)
    decisions.ask(row, decisions.SEND, actor="ruth")
    work_off("flows.decide")
    posts = no_way.ap.stats()["calls"]["POST /v2/bills"]
    run = Run.objects.filter(flow=bills, state=Run.State.QUEUED).get()

    dies_after_sending(monkeypatch)
    with pytest.raises(Died):
        runner.run_slice(begun(run), a_job())
    monkeypatch.undo()
    work_on(run)

    row.refresh_from_db()
    assert no_way.ap.stats()["calls"]["POST /v2/bills"] == posts + 1
    assert (row.state, row.problem) == (State.UNCERTAIN, "no_way")


class Died(BaseException):
    """Stands for SIGKILL: nothing that handles exceptions handles it."""


def dies_after_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    real = deliver.deliver

    def sent(*args: Any, **more: Any) -> Any:
        real(*args, **more)
        raise Died

    monkeypatch.setattr(deliver, "deliver", sent)


def dies_before_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise Died

    monkeypatch.setattr(deliver, "deliver", never)


def begun(run: Run) -> Run:
    Run.objects.filter(pk=run.pk).update(state=Run.State.RUNNING, started_at=timezone.now())
    return Run.objects.select_related("flow", "version__source", "version__destination").get(
        pk=run.pk
    )


@pytest.mark.parametrize("keys", [True, False], ids=["by key", "by look-up"])
@pytest.mark.parametrize(
    "dies", [dies_before_sending, dies_after_sending], ids=["before sending", "after sending"]
)
def test_what_a_dead_slice_left_in_sending_is_settled_and_counted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    keys: bool,
    dies: Callable[[pytest.MonkeyPatch], None],
) -> None:
    system = "sandbox_ap" if keys else ledger_without_keys("ledger_looked_up")
    with a_world(tmp_path, vendors=5, bills=BILLS, ap={"idempotent": keys}, system=system) as world:
        bills = with_vendors(world)
        dies(monkeypatch)
        run = dispatched(bills)
        with pytest.raises(Died):
            runner.run_slice(begun(run), a_job())
        left = Delivery.objects.filter(state=State.SENDING).count()
        monkeypatch.undo()

        done = work_on(run)

        assert left > 5
        is_there_once(world, done)


def dispatched(flow: Flow) -> Run:
    from connector.flows import dispatch

    run = dispatch.start(flow, cause=Run.Cause.MANUAL, actor="omar")
    assert run is not None
    return run


def test_the_run_that_counted_a_call_as_uncertain_counts_it_as_delivered_once_it_is_settled(
    tmp_path: Path,
) -> None:
    system = ledger_without_keys("ledger_looked_up")
    with a_world(tmp_path, vendors=3, bills=0, ap={"idempotent": False}, system=system) as world:
        vendors, _ = world.vendors_and_bills()
        world.ap.faults(drop_after_commit=1.0, most=2)

        run = run_now(vendors)

    assert (run.read, run.delivered, run.uncertain) == (3, 3, 0)


def test_a_change_that_comes_while_its_record_is_open_is_sent_after_it(no_way: World) -> None:
    vendors, _ = no_way.vendors_and_bills()
    run_now(vendors)
    row = Delivery.objects.order_by("pk").first()
    assert row is not None
    made_uncertain(row)
    for id_ in ("V-10001", "V-10002", "V-10003", "V-10004", "V-10005"):
        no_way.change_vendor(id_, name=f"Renamed {id_}")

    run = run_now(vendors)
    decisions.ask(row, decisions.THERE, actor="ruth", remote_id=remote_id_of(no_way, row))
    work_off("flows.decide")
    work_on(Run.objects.get(flow=vendors, kind=Run.Kind.HELD))

    assert (run.delivered, run.held, run.uncertain) == (4, 1, 0)
    assert all(one["name"].startswith("Renamed") for one in no_way.ap_records("vendors"))
    assert len(no_way.ap_records("vendors")) == 5
    assert not HeldRecord.objects.exclude(state=HeldRecord.State.SOLVED).exists()


def made_uncertain(row: Delivery) -> None:
    """As if the first call had got no answer and only a person could say more."""
    Delivery.objects.filter(pk=row.pk).update(
        state=State.UNCERTAIN, problem="no_way", remote_key=None, remote_sealed=b""
    )


def remote_id_of(world: World, row: Delivery) -> str:
    from connector.flows import links

    key = links.source_key_of(row)
    (found,) = [one for one in world.ap_records("vendors") if one["reference"] == key]
    return str(found["id"])


def test_an_update_without_an_answer_changes_the_same_record(tmp_path: Path) -> None:
    system = ledger_without_keys("ledger_looked_up")
    with a_world(tmp_path, vendors=4, bills=0, ap={"idempotent": False}, system=system) as world:
        vendors, _ = world.vendors_and_bills()
        run_now(vendors)
        for number in range(1, 5):
            world.change_vendor(f"V-1000{number}", name=f"Renamed {number}")
        world.ap.faults(drop_after_commit=1.0, most=2)

        run = run_now(vendors)
        calls = world.ap.stats()["calls"]
        there = world.ap_records("vendors")

    assert (run.delivered, run.uncertain) == (4, 0)
    assert sorted(one["name"] for one in there) == [f"Renamed {number}" for number in range(1, 5)]
    assert calls["PATCH /v2/vendors/*"] == 6
    assert calls["POST /v2/vendors"] == 4


def test_a_row_that_a_person_decides_about_is_not_taken_from_under_a_slice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a slice looks a record up, nobody can say "it is there" and see it sent again."""
    system = ledger_without_keys("ledger_looked_up")
    with a_world(tmp_path, vendors=1, bills=0, ap={"idempotent": False}, system=system) as world:
        vendors, _ = world.vendors_and_bills()
        world.ap.faults(drop_after_commit=1.0, most=1)
        refusals: list[str] = []
        real = deliver.look_up

        def decided_meanwhile(client: Any, call: Any, **more: Any) -> Any:
            if not call.look_first:
                row = Delivery.objects.get(pk=call.id)
                try:
                    decisions.ask(row, decisions.THERE, actor="ruth", remote_id="X")
                except NotPossible as refused:
                    refusals.append(refused.message)
            return real(client, call, **more)

        monkeypatch.setattr(deliver, "look_up", decided_meanwhile)
        run = run_now(vendors)
        there = world.ap_records("vendors")

    assert run.delivered == len(there) == 1
    assert refusals == ["The delivery is sending by now; nothing was changed."]


@pytest.mark.parametrize(
    "dies", [dies_before_sending, dies_after_sending], ids=["before sending", "after sending"]
)
def test_an_update_that_may_not_be_repeated_is_read_back_and_sent_only_if_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies: Callable[[pytest.MonkeyPatch], None]
) -> None:
    system = ledger_without_keys("ledger_looked_up")
    with a_world(tmp_path, vendors=1, bills=0, ap={"idempotent": False}, system=system) as world:
        vendors, _ = world.vendors_and_bills()
        run_now(vendors)
        world.change_vendor("V-10001", name="Renamed")
        dies(monkeypatch)
        run = dispatched(vendors)
        with pytest.raises(Died):
            runner.run_slice(begun(run), a_job())
        monkeypatch.undo()
        long_ago = timezone.now() - timedelta(days=2)
        Delivery.objects.filter(state=State.SENDING).update(sent_at=long_ago)

        done = work_on(run)
        there = world.ap_records("vendors")
        patches = world.ap.stats()["calls"]["PATCH /v2/vendors/*"]

    assert (done.delivered, done.uncertain) == (1, 0)
    assert [one["name"] for one in there] == ["Renamed"]
    assert patches == 1


@pytest.mark.parametrize("busy", [1, 4])
def test_a_repeat_that_did_not_leave_says_nothing_about_the_call_that_did(
    monkeypatch: pytest.MonkeyPatch, busy: int
) -> None:
    """The record changes meanwhile: taken for unsent, it would be created under another key."""
    source, target = Source(), Target("by key")
    monkeypatch.setattr("connector.flows.clients.open_client", opener(source, target))
    monkeypatch.setattr(deliver, "WAITS_S", (0.0, 0.0, 0.0))
    flow = a_flow()
    source.change("V-1", "Beta")
    target.script = ["killed after"]
    run = dispatched(flow)
    with pytest.raises(MemoryDied):
        runner.run_slice(begun(run), a_job())
    source.change("V-1", "Alpha")
    target.dead = False
    target.script = ["busy"] * busy

    work_on(run)
    for _ in range(2):
        run_now(flow)
        for held in Run.objects.filter(flow=flow, kind=Run.Kind.HELD, state=Run.State.QUEUED):
            work_on(held)

    assert target.created == {"V-1": 1}
    assert list(target.names.values()) == ["Alpha"]
    assert not Delivery.objects.exclude(state=State.DELIVERED).exists()
