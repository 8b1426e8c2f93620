"""connector.systems.writing.steps and jobs: what follows a create, and work that is done later."""

import time
from typing import Any

import pytest

from connector.systems.errors import SpecError
from connector.systems.outcomes import Delivered, Gone, Outcome, Refused, Uncertain
from tests.fakes.server import Answer, Asked, serve
from tests.fakes.systems import client
from tests.fakes.writing import BILL, VALUES, write

POST = {
    "name": "post",
    "if": "settings.post",
    "final": True,
    "request": {"method": "POST", "path": "bills/{{ id }}/post", "body": {}},
    "take": {"state": "state"},
    "skip_when": {"at": "state", "in": ["posted"]},
}
LINES = {
    "name": "lines",
    "each": "record.lines",
    "already": "lines",
    "request": {"path": "addline", "query": {"bill": "{{ id }}", "amount": "{{ line.amount }}"}},
}
TWO_LINES = {**VALUES, "lines": [{"amount": 1}, {"amount": 2}]}


def finish(
    then: list[Any], handle: Any, *, post: bool = True, done: int = 0, resumed: bool = False
) -> tuple[Outcome, list[Asked], list[int]]:
    steps: list[int] = []
    system = write({"create": {**BILL["create"], "then": then}})
    with serve(handle) as fake, client(fake, system, settings={"post": post}) as acme:
        outcome = acme.finish(
            "bill", TWO_LINES, verb="create", remote_id="7", take={}, key="k",
            done=done, resumed=resumed, on_step=steps.append,
        )  # fmt: skip
        return outcome, fake.asked, steps


def at(state: str, lines: int = 0) -> Any:
    def handle(asked: Asked) -> Answer:
        if asked.path == "/v1/bills/7":
            return Answer({"id": 7, "state": state, "lines": [{}] * lines})
        return Answer({"state": "posted"})

    return handle


def test_a_create_says_how_many_steps_follow() -> None:
    system = write({"create": {**BILL["create"], "then": [POST, LINES]}})
    for post, steps in ((True, 2), (False, 1)):
        with (
            serve(lambda _: Answer({"id": 7})) as fake,
            client(fake, system, settings={"post": post}) as acme,
        ):
            outcome = acme.send(acme.prepare_create("bill", VALUES, key="k", external_id="e"))
            assert isinstance(outcome, Delivered)
            assert outcome.steps == acme.steps("bill", "create") == steps


def test_steps_are_made_in_order_and_each_is_stored() -> None:
    outcome, asked, steps = finish([LINES, POST], at("draft"))

    assert outcome == Delivered("7", {"state": "posted"})
    assert [one.target for one in asked] == [
        "/v1/addline?bill=7&amount=1",
        "/v1/addline?bill=7&amount=2",
        "/v1/bills/7",
        "/v1/bills/7/post",
    ]
    assert steps == [1, 2]


def test_what_is_there_already_is_not_made_again() -> None:
    outcome, asked, steps = finish([LINES, POST], at("posted", lines=1), resumed=True)

    assert isinstance(outcome, Delivered)
    assert [one.target for one in asked if one.path != "/v1/bills/7"] == [
        "/v1/addline?bill=7&amount=2"
    ]
    assert steps == [1, 2]


def test_stored_steps_are_passed_over() -> None:
    _, asked, steps = finish([LINES, POST], at("draft"), done=1, resumed=True)
    assert [one.path for one in asked] == ["/v1/bills/7", "/v1/bills/7/post"]
    assert steps == [2]


@pytest.mark.parametrize(
    ("status", "expected"), [(422, Refused), (500, Uncertain), (302, Uncertain)]
)
def test_a_step_that_fails_ends_it_and_says_that_the_record_is_there(
    status: int, expected: type
) -> None:
    def handle(asked: Asked) -> Answer:
        return Answer({"id": 7}) if asked.path == "/v1/bills/7" else Answer({}, status)

    outcome, _, steps = finish([POST], handle)

    assert isinstance(outcome, expected)
    assert "It is there" in outcome.message  # type: ignore[union-attr]
    assert steps == []


def test_a_record_that_went_away_gets_no_steps() -> None:
    outcome, asked, steps = finish([POST], lambda _: Answer({}, 404))
    assert (type(outcome), len(asked), steps) == (Gone, 1, [])


WAIT = {
    "location": {"header": "Location"},
    "every_s": 1,
    "most_s": 5,
    "done": {"at": "completed", "is": True},
    "failed": {"at": "progress", "is": "failed"},
    "id": {"header": "Location", "part": "last_segment"},
}


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (Answer({"completed": True}, headers={"Location": "/v1/bills/9"}), Delivered("9", {})),
        (Answer({"progress": "failed"}), Refused("Acme took it but could not carry it out.")),
        (Answer({}, 404), Uncertain("Acme does not know this (404).")),
    ],
)
def test_work_done_later_is_asked_for_until_it_is_done(
    last: Answer, expected: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    answers = iter([Answer({}, 202, {"Location": "/jobs/1"}), Answer({"completed": False}), last])
    system = write({"create": {**BILL["create"], "take": {}, "wait_for": WAIT}})
    with serve(lambda _: next(answers)) as fake, client(fake, system) as acme:
        outcome = acme.send(acme.prepare_create("bill", VALUES, key="k", external_id="e"))

    assert outcome == expected
    assert [one.target for one in fake.asked] == ["/v1/bills", "/jobs/1", "/jobs/1"]


def test_work_that_takes_too_long_is_uncertain() -> None:
    wait = {**WAIT, "every_s": 2, "most_s": 1}
    system = write({"create": {**BILL["create"], "wait_for": wait}})
    pending = Answer({"completed": False}, 202, {"Location": "/jobs/1"})
    with serve(lambda _: pending) as fake, client(fake, system) as acme:
        outcome = acme.send(acme.prepare_create("bill", VALUES, key="k", external_id="e"))
    assert outcome == Uncertain("Acme is still working on it.", 2)


def test_a_step_that_could_be_made_twice_is_refused_in_the_description() -> None:
    for step in ({**POST, "skip_when": None}, {**LINES, "already": None}):
        kept = {key: value for key, value in step.items() if value is not None}
        with pytest.raises(SpecError, match="skip_when"):
            write({"create": {**BILL["create"], "then": [kept]}})
