"""connector.flows.mapping.conditions"""

from decimal import Decimal
from typing import Any

import pytest

from connector.flows.mapping.conditions import compile_condition
from connector.flows.mapping.errors import HeldError
from connector.flows.mapping.paths import PathError
from connector.flows.mapping.scope import NO_RUN, Scope

RECORD = {
    "status": "approved",
    "paid": False,
    "total": Decimal("100.00"),
    "text_number": "12",
    "word": "x",
    "none": None,
    "blank": "",
    "lines": [],
    "due": "2026-11-03",
}


def holds(condition: Any) -> bool:
    return compile_condition(condition).holds(Scope(RECORD, RECORD, NO_RUN, {}, {}))


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        (["status", "is", "approved"], True),
        (["status", "is_not", "approved"], False),
        (["paid", "is", False], True),
        (["total", "is", 100], True),
        (["total", "gt", Decimal("99.99")], True),
        (["total", "le", 99], False),
        (["text_number", "gt", 5], True),
        (["text_number", "lt", 5], False),
        (["due", "ge", "2026-01-01"], True),
        (["none", "gt", 0], False),
        (["none", "lt", 0], False),
        (["blank", "gt", 0], False),
        (["none", "is", None], True),
        (["none", "is", "x"], False),
        (["none", "is_not", "x"], True),
        (["status", "is", None], False),
        (["status", "in", ["open", "approved"]], True),
        (["status", "not_in", ["open", "approved"]], False),
        (["none", "in", ["open"]], False),
        (["none", "in", [None, "open"]], True),
        (["blank", "empty"], True),
        (["lines", "empty"], True),
        (["paid", "filled"], True),
        (["status", "starts_with", "app"], True),
        (["none", "starts_with", "app"], False),
        ({"not": ["paid", "is", True]}, True),
        ({"any": [["paid", "is", True], ["total", "is", 100]]}, True),
        ({"all": [["paid", "is", True], ["total", "is", 100]]}, False),
        ([["paid", "is", False], ["total", "is", 100]], True),
        ([{"not": {"any": [["paid", "is", True]]}}, ["total", "gt", 1]], True),
    ],
)
def test_a_condition_is_answered(condition: Any, wanted: bool) -> None:
    assert holds(condition) is wanted


@pytest.mark.parametrize(
    "condition",
    [
        ["word", "gt", 5],
        ["paid", "is", "false"],
        ["paid", "is", 0],
        ["status", "is", True],
        ["total", "is", "100"],
        ["lines", "is", "x"],
        ["lines", "gt", 1],
        ["total", "starts_with", "1"],
        ["paid", "in", ["a", 1]],
        {"not": ["word", "gt", 5]},
    ],
)
def test_a_value_of_another_kind_holds_the_record(condition: Any) -> None:
    with pytest.raises(HeldError) as held:
        holds(condition)

    assert held.value.reason == "bad_value"


@pytest.mark.parametrize(
    "condition",
    [
        [],
        {},
        "status is approved",
        ["status"],
        ["status", "like", "a%"],
        ["status", "is"],
        ["status", "is", "a", "b"],
        ["status", "empty", None],
        ["status", "in", "approved"],
        ["status", "in", []],
        ["status", "gt", True],
        ["status", "gt", None],
        ["status", "is", {"a": 1}],
        ["status", "starts_with", 1],
        ["a..b", "is", 1],
        {"any": []},
        {"all": [], "any": []},
        {"xor": [["a", "is", 1]]},
    ],
)
def test_a_badly_written_condition_is_refused(condition: Any) -> None:
    with pytest.raises(PathError):
        compile_condition(condition)


def test_conditions_can_be_nested_only_so_deep() -> None:
    condition: Any = ["a", "is", 1]
    for _ in range(20):
        condition = {"not": condition}

    with pytest.raises(PathError, match="deeper"):
        compile_condition(condition)
