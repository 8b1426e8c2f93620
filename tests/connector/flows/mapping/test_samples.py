"""connector.flows.mapping.samples, and the example flows as a whole"""

from decimal import Decimal
from typing import Any

import pytest

from connector.flows.mapping import StaticContext, compile_mapping, run_samples
from tests.connector.flows.worlds import OBJECTS, a, a_compiled, the_document, the_maps, the_run

MAPPING = {
    "filter": [["state", "is", "on"]],
    "map": {
        "n": {"from": "n"},
        "day": {"from": "day", "do": ["date"]},
        "at": {"from": "at", "do": ["datetime"], "if_empty": "skip"},
        "lines": {"each": "rows", "map": {"t": {"from": "t"}}},
    },
}
FIELDS = {
    "n": a("decimal", scale=2),
    "day": a("date"),
    "at": a("datetime"),
    "lines": a("list", fields={"t": a("text")}),
}
COMPILED = compile_mapping(MAPPING, context=StaticContext(fields=FIELDS, zone="UTC"))
RECORD = {
    "state": "on",
    "n": Decimal("1.5"),
    "day": "2026-01-02",
    "at": "2026-01-02T03:04:05Z",
    "rows": [{"t": "a"}],
}
EXPECT = {
    "n": Decimal("1.50"),
    "day": "2026-01-02",
    "at": "2026-01-02T04:04:05+01:00",
    "lines": [{"t": "a"}],
}


def differences(**test: Any) -> tuple[str, ...]:
    (result,) = run_samples(COMPILED, [{"name": "t", "record": RECORD, **test}], {})
    assert result.passed is (result.differences == ())
    return result.differences


def test_a_test_that_is_right_passes() -> None:
    assert differences(expect=EXPECT) == ()
    assert differences(record={"state": "off"}, expect_skipped="filter") == ()
    assert differences(record={"state": "off"}, expect_skipped=True) == ()
    assert differences(record={"state": "on"}, expect_skipped="at") == ()
    held = [{"field": "n", "reason": "bad_value"}]
    assert differences(record={**RECORD, "n": "x"}, expect_held=held) == ()


@pytest.mark.parametrize(
    ("test", "text"),
    [
        ({"expect": {**EXPECT, "n": Decimal("1.51")}}, "n is 1.50, not 1.51."),
        ({"expect": {**EXPECT, "n": "1.50"}}, "n is 1.50, not 1.50."),
        ({"expect": {**EXPECT, "day": "2026-01-03"}}, "day is 2026-01-02, not 2026-01-03."),
        ({"expect": {**EXPECT, "at": "soon"}}, "not soon"),
        ({"expect": {**EXPECT, "at": "2026-01-02T03:04:05"}}, "not 2026-01-02T03:04:05"),
        ({"expect": {**EXPECT, "lines": []}}, "lines has 1 lines, not 0."),
        ({"expect": {**EXPECT, "lines": [{"t": "b"}]}}, "lines[0].t is a, not b."),
        ({"expect": {**EXPECT, "more": 1}}, "more is missing."),
        ({"expect": {}}, "was not expected."),
        ({"expect_held": [{"field": "n", "reason": "required"}]}, "The record is mapped."),
        ({"expect_skipped": "filter"}, "The record is mapped."),
        ({"record": {"state": "off"}, "expect": EXPECT}, "skipped by filter"),
        ({"record": {"state": "off"}, "expect_skipped": "at"}, "It is skipped by filter."),
        ({"record": {**RECORD, "n": "secret-7"}, "expect": EXPECT}, "held: n bad_value"),
        (
            {"record": {**RECORD, "n": "x"}, "expect_held": [{"field": "m", "reason": "required"}]},
            "n is held as bad_value.",
        ),
        ({}, "one of expect, expect_held, expect_skipped"),
        ({"expect": EXPECT, "expect_skipped": True}, "one of"),
        ({"expect": EXPECT, "recrod": {}}, "one of"),
    ],
)
def test_a_test_that_is_wrong_says_where(test: Any, text: str) -> None:
    found = differences(**test)

    assert any(text in line for line in found), found
    assert "secret-7" not in str(found)


@pytest.mark.parametrize("slug", sorted(OBJECTS))
def test_an_example_flow_passes_its_own_tests(slug: str) -> None:
    document = the_document()
    compiled = a_compiled(document, slug)

    results = run_samples(compiled, compiled.tests, the_maps(document), run=the_run(document, slug))

    assert [result.differences for result in results] == [()] * len(compiled.tests)
    assert results


def test_an_example_fails_when_its_map_loses_an_entry() -> None:
    document = the_document()
    slug = "payments-to-erp"
    compiled = a_compiled(document, slug)
    maps = {**the_maps(document), "methods": the_maps(document)["terms"]}

    results = run_samples(compiled, compiled.tests, maps, run=the_run(document, slug))

    assert not results[0].passed
    assert "method no_map_entry" in results[0].differences[0]


def test_a_test_of_a_typed_stream_is_given_types() -> None:
    source = {
        "day": a("date"),
        "at": a("datetime"),
        "n": a("money"),
        "rows": a("list", fields={"n": a("decimal")}),
    }
    fields = {
        "day": a("date"),
        "at": a("datetime"),
        "n": a("decimal", scale=2),
        "lines": a("list", fields={"n": a("decimal")}),
    }
    mapping = {
        "map": {
            "day": {"from": "day"},
            "at": {"from": "at"},
            "n": {"from": "n"},
            "lines": {"each": "rows", "map": {"n": {"from": "n"}}},
        }
    }
    compiled = compile_mapping(mapping, context=StaticContext(fields=fields, source=source))
    record = {"day": "2026-01-02", "at": "2026-01-02T00:00:00Z", "n": "5", "rows": [{"n": "1.5"}]}

    (good, bad) = run_samples(
        compiled,
        [
            {
                "record": record,
                "expect": {
                    "day": "2026-01-02",
                    "at": "2026-01-02T00:00:00Z",
                    "n": 5,
                    "lines": [{"n": Decimal("1.5")}],
                },
            },
            {
                "record": {**record, "day": "2 Jan"},
                "expect_held": [{"field": "day", "reason": "bad_value"}],
            },
        ],
        {},
    )

    assert (good.differences, bad.differences) == ((), ())
