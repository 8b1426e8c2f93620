"""Whatever a record holds, mapping it gives one of the three outcomes, and nothing is raised."""

from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.flows.mapping import CompiledMapping, Held, Mapped, Reason, RunContext, Skipped
from connector.flows.mapping.canonical import payload_bytes, record_bytes
from connector.flows.mapping.errors import HeldError
from connector.flows.mapping.scope import NO_RUN, Scope
from connector.flows.mapping.sources import ChainStep, run_chain
from connector.flows.mapping.transforms import TRANSFORMS
from connector.flows.mapping.transforms.arguments import read_call
from connector.flows.mapping.transforms.declare import Systems
from tests.connector.flows.worlds import OBJECTS, a_compiled, the_document, the_maps, the_run

EDGES = [
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-W01-1", "10000101"),
    *("2026-11-03T24:00:00Z", "2026-11-03T23:30:60Z", "٢٠٢٦-٠١-٠١", "1e999999", "-0", "EUR", "JPY"),
    *("9" * 60, "0." + "9" * 50, "\x00", "\ud800", "approved", "paid", "trade", "PAID", "DE"),
]
NUMBERS = [Decimal("1E+30"), Decimal("1E-30"), Decimal("9" * 38), Decimal("1E+400"), Decimal(0)]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**31), 10**31)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from(NUMBERS)
    | st.text(max_size=30)
    | st.sampled_from(EDGES)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "amount", "net", "sku", "n"]), inner, max_size=3)
    ),
    max_leaves=8,
)
CALLS: dict[str, list[object]] = {
    "trim": ["trim", {"trim": {"collapse": True}}],
    "case": [{"case": "upper"}],
    "replace": [{"replace": {"old": "a"}}],
    "slice": [{"slice": {"start": -2, "length": 1}}],
    "max_length": [{"max_length": 5}],
    "pad": [{"pad": 5}],
    "split": [{"split": ","}],
    "join": [{"join": ","}],
    "decimal": ["decimal", {"decimal": {"point": ",", "thousands": "."}}],
    "round": [{"round": {"digits": n, "mode": "half_up"}} for n in (0, 2)],
    "money": [{"money": "EUR"}, {"money": "id"}, {"money": {"currency": "KWD", "round": "up"}}],
    "from_minor": [{"from_minor": "CLF"}],
    "to_minor": [{"to_minor": "CLF"}],
    "date": ["date", {"date": {"zone": "Asia/Tokyo"}}, {"date": {"epoch": "ms", "zone": "UTC"}}],
    "datetime": ["datetime", {"datetime": {"zone": "Asia/Tokyo"}}, {"datetime": {"epoch": "s"}}],
    "add_days": [{"add_days": 1000}],
    "map": [{"map": "std/language"}, {"map": {"name": "std/language", "with": ["id"]}}],
    "default": [{"default": 1}],
}
ALL_CALLS = [call for name in sorted(TRANSFORMS) for call in CALLS.get(name, [name])]


@pytest.mark.parametrize("call", ALL_CALLS, ids=str)
@settings(max_examples=60, deadline=None)
@given(value=VALUES, record=VALUES)
def test_a_transform_gives_a_value_or_holds_it(call: object, value: Any, record: Any) -> None:
    name, args = read_call(call)
    step = ChainStep(name, TRANSFORMS[name].make(args, Systems()))
    # Too many digits are caught by the row that the transform stands in.
    with suppress(HeldError, ArithmeticError):
        run_chain([step], value, Scope(record, record, NO_RUN, {}, {}))


@cache
def a_flow(slug: str) -> tuple[CompiledMapping, Any, RunContext, list[dict[str, Any]]]:
    document = the_document()
    compiled = a_compiled(document, slug)
    records = [test["record"] for test in compiled.tests]
    return compiled, the_maps(document), the_run(document, slug), records


def _spoilt(draw: Any, node: Any) -> Any:
    """The node with some of its parts replaced by anything."""
    if draw(st.integers(0, 9)) == 0:
        return draw(VALUES)
    if isinstance(node, dict):
        return {key: _spoilt(draw, value) for key, value in node.items()}
    if isinstance(node, list):
        return [_spoilt(draw, value) for value in node]
    return node


def _leaves(node: Any) -> Iterator[Any]:
    if isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from _leaves(each)
    else:
        yield node


@pytest.mark.parametrize("slug", sorted(OBJECTS))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_spoilt_record_is_mapped_skipped_or_held(slug: str, data: st.DataObject) -> None:
    compiled, maps, run, records = a_flow(slug)
    record = _spoilt(data.draw, data.draw(st.sampled_from(records)))
    known = data.draw(st.booleans())

    links = dict.fromkeys(compiled.link_keys([record], run=run), "7") if known else {}
    outcome = compiled.map_record(record, links=links, maps=maps, run=run)
    preview = compiled.preview(record, links=links, maps=maps, run=run)

    assert preview.outcome == outcome
    match outcome:
        case Mapped(values=values):
            assert not any(isinstance(leaf, float) for leaf in _leaves(values))
            assert payload_bytes(outcome) == payload_bytes(outcome)
        case Held(problems=problems):
            assert problems
            assert all(problem.reason in Reason for problem in problems)
            assert all(str(problem.reason) != "no_link" for problem in problems) or not known
        case _:
            assert isinstance(outcome, Skipped)


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_a_raw_record_always_has_bytes(record: Any) -> None:
    assert record_bytes(record) == record_bytes(record)
