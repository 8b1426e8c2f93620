"""Conditions: plain comparisons that keep kinds apart."""

from decimal import Decimal

import pytest

from connector.systems.condition import AnyOf, Condition, all_hold, holds
from connector.systems.scope import Scope
from connector.systems.template import settle

BODY = {
    "state": "open",
    "code": 5010,
    "active": True,
    "none": None,
    "sum": Decimal("5.0"),
    "errors": [{"code": "A1"}, {"code": "B2"}],
    "empty": [],
}
AT = {name: (name,) for name in [*BODY, "gone"]}


@pytest.mark.parametrize(
    ("condition", "true"),
    [
        (Condition(at=AT["state"], is_="open"), True),
        (Condition(at=AT["state"], is_="Open"), False),
        (Condition(at=AT["code"], is_=5010), True),
        (Condition(at=AT["code"], is_="5010"), False),
        (Condition(at=AT["active"], is_=True), True),
        (Condition(at=AT["active"], is_=1), False),
        (Condition(at=AT["code"], is_=True), False),
        (Condition(at=AT["sum"], is_=5), True),
        (Condition(at=AT["gone"], is_="open"), False),
        (Condition(at=AT["state"], in_=("done", "open")), True),
        (Condition(at=AT["state"], in_=("done",)), False),
        (Condition(at=AT["state"], exists=True), True),
        (Condition(at=AT["none"], exists=True), False),
        (Condition(at=AT["none"], exists=False), True),
        (Condition(at=AT["gone"], exists=False), True),
        (Condition(at=AT["empty"], exists=True), True),
        (Condition(at=AT["state"], starts="op"), True),
        (Condition(at=AT["state"], starts="pe"), False),
        (Condition(at=AT["state"], contains="pe"), True),
        (Condition(at=AT["code"], contains="50"), False),
        (Condition(at=AT["errors"], any=AnyOf(("code",), "B2")), True),
        (Condition(at=AT["errors"], any=AnyOf(("code",), "C3")), False),
        (Condition(at=AT["state"], any=AnyOf((), "open")), False),
        (Condition(header="x-topic", is_="orders/create"), True),
        (Condition(header="X-None", exists=True), False),
    ],
)
def test_a_condition_says_what_is_there(condition: Condition, true: bool) -> None:
    assert holds(condition, BODY, {"X-Topic": "orders/create"}) is true


def test_a_list_in_the_place_of_the_body_can_be_searched() -> None:
    condition = Condition(at=(), any=AnyOf(("code",), "BDC_1109"))
    assert holds(condition, [{"code": "BDC_1109"}])
    assert not holds(condition, {"code": "BDC_1109"})


def test_all_must_hold_and_none_always_do() -> None:
    both = (Condition(at=AT["state"], is_="open"), Condition(at=AT["code"], is_=1))
    assert not all_hold(both, BODY)
    assert all_hold((), BODY)


def test_a_secret_is_never_compared_here() -> None:
    with pytest.raises(ValueError, match="compared by the receiver"):
        holds(Condition(at=AT["state"], is_secret=True), BODY)


def test_a_template_is_settled_before_it_is_compared() -> None:
    condition = Condition(at=AT["state"], is_="{{ settings.wanted }}.x")
    settled = settle(condition, Scope(names={"settings": {"wanted": "open"}}))
    assert settled == Condition(at=AT["state"], is_="open.x")
    plain = Condition(at=AT["state"], is_="open")
    assert settle(plain, Scope(names={})) is plain
