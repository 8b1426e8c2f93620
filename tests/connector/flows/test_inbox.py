"""connector.flows.inbox: what waits for a person, in groups with one cause each"""

from typing import Any

import pytest

from connector.crypto.errors import CannotOpen
from connector.flows import held, inbox
from connector.flows.identity import Names
from connector.flows.mapping.errors import Reason
from connector.flows.mapping.outcomes import Problem
from connector.flows.models import Delivery, Flow, HeldRecord, Run
from connector.flows.page import HeldBack, Record
from tests.connector.flows.box import run_now
from tests.connector.flows.memory import Source, Target, opener
from tests.connector.flows.rows import a_flow, a_route, a_run

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State


def no_entry(code: str) -> Problem:
    key = f"map:gl-accounts:{code}"
    return Problem("account", Reason.NO_MAP_ENTRY, code, f"There is no entry for {code}.", key)


BAD = Problem("name", Reason.BAD_VALUE, "x" * 300, "It is too long.")


def hold(flow: Flow, *problems: Problem) -> None:
    """Keep one record for each of these problems."""
    route, run = a_route(flow), a_run(flow)
    names, number = Names.of(route), HeldRecord.objects.count()
    back = [
        HeldBack(Record(key, names.source_key(key), b"", {"id": key}), (problem,))
        for key, problem in ((f"V-{number + at}", one) for at, one in enumerate(problems))
    ]
    held.keep(run, route, back)
    Run.objects.filter(pk=run.pk).update(state=Run.State.FINISHED)


def sent(monkeypatch: pytest.MonkeyPatch, flow: Flow, *befalls: str) -> None:
    """Send a vendor for each word of the script."""
    source, target = Source(), Target("nothing")
    target.system.limits.timeout_s = 0
    for number in range(len(befalls)):
        source.change(f"S-{number}", "Alpha")
    target.script = list(befalls)
    monkeypatch.setattr("connector.flows.clients.open_client", opener(source, target))
    run_now(flow)


def test_an_empty_inbox_has_no_group() -> None:
    a_flow()

    assert (inbox.groups(), inbox.waiting()) == ([], 0)


def test_held_records_stand_together_by_what_they_lack_the_largest_group_first() -> None:
    flow = a_flow()
    hold(flow, no_entry("3400"), no_entry("6405"), no_entry("6405"), BAD, BAD, BAD)

    groups = inbox.groups()

    assert [(one.kind, one.reason, one.records) for one in groups] == [
        ("held", "bad_value", 3),
        ("held", "no_map_entry", 2),
        ("held", "no_map_entry", 1),
    ]
    assert [(one.field, one.map_slug, one.missing_key) for one in groups] == [
        ("name", "", ""),
        ("account", "gl-accounts", "6405"),
        ("account", "gl-accounts", "3400"),
    ]
    assert groups[1].text == "There is no entry for 6405."
    assert inbox.waiting() == 6
    assert [inbox.held_records(flow, one.cause).count() for one in groups] == [3, 2, 1]


def test_a_missing_key_may_hold_a_colon() -> None:
    hold(a_flow(), no_entry("a:b"))

    (group,) = inbox.groups()

    assert (group.map_slug, group.missing_key) == ("gl-accounts", "a:b")


def test_the_same_fault_in_two_flows_is_two_groups() -> None:
    one, two = a_flow("one"), a_flow("two")
    hold(one, BAD)
    hold(two, BAD)

    assert {group.flow for group in inbox.groups()} == {one, two}


def test_what_was_released_solved_or_dismissed_waits_no_more() -> None:
    flow = a_flow()
    hold(flow, BAD, BAD, BAD, BAD)
    first, second, third, _ = HeldRecord.objects.order_by("pk")
    held.retry(flow, [first.pk], actor="ruth")
    held.dismiss(second, reason="paid by hand", actor="ruth")
    HeldRecord.objects.filter(pk=third.pk).update(state=HeldRecord.State.SOLVED)

    (group,) = inbox.groups()

    assert (group.records, inbox.waiting()) == (1, 1)


def test_rejected_and_uncertain_records_are_groups_with_what_was_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent(monkeypatch, a_flow(), "refused", "fine", "refused", "lost on its way")

    groups = inbox.groups()

    assert [(one.kind, one.cause, one.records) for one in groups] == [
        ("rejected", "refused", 2),
        ("uncertain", "no_way", 1),
    ]
    assert groups[0].text == "not like this"
    assert groups[1].text.endswith("A person has to look.")
    assert inbox.waiting() == 3


@pytest.mark.parametrize(
    ("befalls", "word"), [("refused", "again"), ("lost on its way", "send")], ids=["retry", "send"]
)
def test_what_a_person_has_decided_is_not_shown_while_it_is_under_way(
    monkeypatch: pytest.MonkeyPatch, befalls: str, word: str
) -> None:
    sent(monkeypatch, a_flow(), befalls)
    assert inbox.waiting() == 1

    Delivery.objects.update(problem=word)

    assert (inbox.groups(), inbox.waiting()) == ([], 0)


def test_a_group_does_not_show_its_values_where_it_is_printed() -> None:
    hold(a_flow(), no_entry("6405"))

    (group,) = inbox.groups()

    assert "6405" in group.text
    assert "6405" not in repr(group)


def test_one_record_that_no_key_opens_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    flow = a_flow()
    hold(flow, BAD, no_entry("6405"))
    sent(monkeypatch, flow, "refused")

    def broken(*_: Any, **__: Any) -> Any:
        raise CannotOpen

    monkeypatch.setattr("connector.crypto.envelope.open_json", broken)
    groups = inbox.groups()

    assert {(one.kind, one.field, one.reason, one.text) for one in groups} == {
        ("held", "name", "bad_value", ""),
        ("held", "account", "no_map_entry", ""),
        ("rejected", "", "refused", ""),
    }


def test_waiting_counts_up_to_a_thousand() -> None:
    hold(a_flow(), *[BAD] * 1_001)

    assert inbox.waiting() == 1_000
