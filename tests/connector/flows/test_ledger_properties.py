"""connector.flows: whatever happens in whatever order, nothing is doubled and nothing is lost"""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db.models import F
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from connector.flows import decisions, deliver, dispatch, tasks
from connector.flows import links as stored
from connector.flows.models import Cursor, Delivery, HeldRecord, Run
from connector.flows.settle import FOR_A_PERSON
from tests.connector.flows.box import a_job
from tests.connector.flows.memory import UNSEEN_S, Contract, Died, Source, Target, opener
from tests.connector.flows.rows import a_flow

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State
NUMBERS = count(1)
KEYS = st.sampled_from(["V-1", "V-2", "V-3"])
MISHAPS = st.sampled_from(
    [
        "fine",
        "busy",
        "refused",
        "lost on its way",
        "lost on its way back",
        "late",
        "late",
        "killed before",
        "killed after",
        "killed while under way",
        "killed while under way",
    ]
)


class Deliveries(RuleBasedStateMachine):
    """Changes, runs, deaths and people in any order, against one kind of target."""

    contract: Contract
    monkeypatch: pytest.MonkeyPatch

    def __init__(self) -> None:
        super().__init__()
        self.source, self.target = Source(), Target(self.contract)
        self.flow = a_flow(f"vendors-{next(NUMBERS)}")
        Delivery.objects.all().delete()
        HeldRecord.objects.all().delete()
        opens = opener(self.source, self.target)
        self.monkeypatch.setattr("connector.flows.clients.open_client", opens)

    @rule(key=KEYS, name=st.sampled_from(["Alpha", "Beta", "Gamma"]))
    def a_record_changes(self, key: str, name: str) -> None:
        self.source.change(key, name)

    @rule(script=st.lists(MISHAPS, max_size=6), kind=st.sampled_from(["incremental", "full"]))
    def a_slice_of_each_run(self, script: list[str], kind: str) -> None:
        active = Run.objects.filter(flow=self.flow, state__in=dispatch.ACTIVE)
        if not active.exists():
            dispatch.start(self.flow, cause=Run.Cause.MANUAL, actor="omar", kind=kind)
        self.target.script = script
        for run in active.order_by("created_at"):
            self.target.dead = False
            try:
                tasks.run({"run": str(run.pk)}, a_job())
            except Died:
                continue

    @rule()
    def time_passes(self) -> None:
        """Everything that was under way has arrived, and look-ups show it."""
        self.target.land()
        gone = timedelta(seconds=UNSEEN_S)
        Delivery.objects.update(sent_at=F("sent_at") - gone, settled_at=F("settled_at") - gone)

    @rule(blind=st.booleans())
    def look_ups_fail_or_work_again(self, blind: bool) -> None:
        self.target.blind = blind

    @rule()
    def a_person_tidies_the_inbox(self) -> None:
        """After a look at the target, when nothing can be under way any more."""
        self.time_passes()
        for row in Delivery.objects.filter(state=State.UNCERTAIN, problem__in=FOR_A_PERSON):
            there = self.target.ids.get(stored.source_key_of(row), "")
            arrived = there and row.operation == Delivery.Operation.CREATE
            words = f"{decisions.THERE}:{there}" if arrived else decisions.SEND
            decisions.carry_out(row.pk, words, "ruth")
        for row in Delivery.objects.filter(state=State.REJECTED):
            decisions.carry_out(row.pk, decisions.RETRY, "ruth")

    @invariant()
    def nothing_was_ever_made_twice(self) -> None:
        assert set(self.target.created.values()) <= {1}

    @invariant()
    def every_sum_is_one(self) -> None:
        for run in Run.objects.filter(flow=self.flow):
            parts = (run.delivered, run.unchanged, run.skipped, run.held, run.rejected)
            assert run.read == sum(parts) + run.uncertain
            assert min(*parts, run.uncertain) >= 0

    def teardown(self) -> None:
        """Once nothing goes wrong any more, all of it is there as it is now, and nothing waits."""
        self.target.blind = False
        for _ in range(15):
            self.a_person_tidies_the_inbox()
            self.a_slice_of_each_run([], "incremental")
            if self.is_quiet():
                break
        wanted = {key: name for key, (_, name) in self.source.records.items()}
        there = {key: self.target.names[self.target.ids[key]] for key in self.target.created}
        assert there == wanted
        self.nothing_was_ever_made_twice()
        self.every_sum_is_one()
        assert not Delivery.objects.exclude(state=State.DELIVERED).exists()
        assert not HeldRecord.objects.filter(state__in=["waiting", "released"]).exists()

    def is_quiet(self) -> bool:
        active = Run.objects.filter(flow=self.flow, state__in=dispatch.ACTIVE)
        open_ = Delivery.objects.exclude(state=State.DELIVERED)
        held = HeldRecord.objects.filter(state__in=["waiting", "released"])
        mark = Cursor.objects.filter(flow=self.flow).values_list("mark", flat=True).first()
        read = int(mark or 0) >= self.source.changes
        return read and not (active.exists() or open_.exists() or held.exists())


@pytest.mark.parametrize("kind", ["by key", "by look-up", "nothing"])
def test_deliveries_are_exactly_once_whatever_happens(
    kind: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "WAITS_S", (0.0, 0.0, 0.0))
    members: dict[str, Any] = {"contract": kind, "monkeypatch": monkeypatch}
    machine = type("Deliveries", (Deliveries,), members)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
