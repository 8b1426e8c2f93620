"""connector.flows.mapping.compiled: what comes of one record"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.flows.mapping import (
    Held,
    LinkKey,
    Mapped,
    Outcome,
    Skipped,
    StaticContext,
    compile_mapping,
)
from connector.flows.mapping.compiled import CompiledMapping
from connector.flows.mapping.scope import NO_RUN
from tests.connector.flows.worlds import OBJECTS, a, a_compiled, the_document, the_maps, the_run

D = Decimal
FIELDS = {
    "text": a("text", max=5),
    "number": a("decimal", digits=6, scale=2),
    "whole": a("integer"),
    "flag": a("boolean"),
    "day": a("date"),
    "at": a("datetime"),
    "state": a("enum", values=("open", "done")),
    "currency": a("currency"),
    "country": a("country"),
    "mail": a("email"),
    "web": a("url"),
    "vendor": a("id", to="vendor"),
    "money": a("money", currency="EUR"),
    "open": a("any"),
    "needed": a("text", required=True),
    "lines": a("list", most=3, fields={"n": a("decimal"), "to": a("id", to="vendor")}),
    "sure": a("list", required=True, fields={"n": a("decimal")}),
}


def compiled(rows: dict[str, Any], *fields: str, **more: Any) -> CompiledMapping:
    known = {name: FIELDS[name] for name in fields or {row.partition(".")[0] for row in rows}}
    return compile_mapping({"map": rows, **more}, context=StaticContext(fields=known))


def outcome(rows: dict[str, Any], record: Any, **more: Any) -> Outcome:
    links = more.pop("links", {})
    mapping = compiled(rows, **more)
    return mapping.map_record(record, links=links, maps={}, run=NO_RUN)


def value(row: dict[str, Any], field: str, record: Any) -> Any:
    got = outcome({field: row}, record)
    assert isinstance(got, Mapped), got
    return got.values[field]


def reasons(got: Outcome) -> list[tuple[str, str]]:
    assert isinstance(got, Held), got
    return [(problem.field, str(problem.reason)) for problem in got.problems]


@pytest.mark.parametrize(
    ("field", "raw", "wanted"),
    [
        ("text", "abcde", "abcde"),
        ("number", D("12.5"), D("12.50")),
        ("number", D("1E+2"), D("100.00")),
        ("number", 7, D("7.00")),
        ("whole", 7, 7),
        ("flag", False, False),
        ("day", date(2026, 1, 2), date(2026, 1, 2)),
        ("at", datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
        ("state", "done", "done"),
        ("currency", "JPY", "JPY"),
        ("country", "AT", "AT"),
        ("mail", "a.b@example.com", "a.b@example.com"),
        ("web", "https://example.com/x", "https://example.com/x"),
        ("open", {"a": [1]}, {"a": [1]}),
    ],
)
def test_a_value_that_fits_is_left_as_it_is(field: str, raw: Any, wanted: Any) -> None:
    got = value({"from": "x"}, field, {"x": raw})

    assert (got, type(got), str(got)) == (wanted, type(wanted), str(wanted))


@pytest.mark.parametrize(
    ("field", "raw", "reason"),
    [
        ("text", "abcdef", "too_long"),
        ("text", 5, "bad_value"),
        ("text", ["a"], "bad_value"),
        ("number", "12.5", "bad_value"),
        ("number", D("12.505"), "too_precise"),
        ("number", D("12345.5"), "too_precise"),
        ("number", True, "bad_value"),
        ("whole", D("7"), "bad_value"),
        ("whole", True, "bad_value"),
        ("flag", 1, "bad_value"),
        ("day", "2026-01-02", "bad_value"),
        ("day", datetime(2026, 1, 2, tzinfo=UTC), "bad_value"),
        ("at", datetime(2026, 1, 2), "bad_value"),
        ("state", "shut", "bad_value"),
        ("currency", "EURO", "currency"),
        ("country", "UK", "bad_value"),
        ("mail", "a b@example.com", "bad_value"),
        ("mail", "example.com", "bad_value"),
        ("web", "javascript:alert(1)", "bad_value"),
        ("vendor", 5, "bad_value"),
        ("open", 1.5, "bad_value"),
    ],
)
def test_a_value_that_does_not_fit_is_held(field: str, raw: Any, reason: str) -> None:
    assert reasons(outcome({field: {"from": "x"}}, {"x": raw})) == [(field, reason)]


@pytest.mark.parametrize("empty", [None, ""])
@pytest.mark.parametrize(
    ("policy", "wanted"),
    [("omit", {}), (None, {"text": None}), ("null", {"text": None})],
)
def test_an_empty_value_is_left_out_or_sent_as_null(empty: Any, policy: Any, wanted: Any) -> None:
    got = outcome({"text": {"from": "x", "if_empty": policy}}, {"x": empty})

    assert got == Mapped(wanted, {})


def test_an_empty_value_can_skip_or_hold_the_record() -> None:
    assert outcome({"text": {"from": "x", "if_empty": "skip"}}, {}) == Skipped("text")
    assert reasons(outcome({"text": {"from": "x", "if_empty": "hold"}}, {})) == [
        ("text", "required")
    ]


def test_a_required_field_is_held_and_another_left_out() -> None:
    assert reasons(outcome({"needed": {"from": "x"}}, {})) == [("needed", "required")]
    assert outcome({"text": {"from": "x"}}, {}) == Mapped({}, {})


def test_from_takes_the_first_that_is_filled() -> None:
    row = {"from": ["a", "b", "c"]}

    assert value(row, "text", {"a": None, "b": "", "c": "x"}) == "x"
    assert value(row, "flag", {"b": False, "c": True}) is False
    assert value(row, "whole", {"b": 0, "c": 1}) == 0


def test_a_template_with_a_null_is_null_unless_it_is_optional() -> None:
    assert outcome({"text": {"template": "{a}-{b}"}}, {"a": 1}) == Mapped({}, {})
    assert value({"template": "{a}-{b?}"}, "text", {"a": 1}) == "1-"
    assert reasons(outcome({"text": {"template": "{a}"}}, {"a": True})) == [("text", "bad_value")]


def test_choose_takes_the_first_arm_that_holds() -> None:
    row = {
        "choose": [
            {"when": [["n", "gt", 10]], "value": "many"},
            {"when": [["n", "gt", 1]], "from": "word", "do": [{"case": "upper"}]},
        ],
        "do": ["trim"],
    }

    assert value(row, "text", {"n": 11}) == "many"
    assert value(row, "text", {"n": 2, "word": " x "}) == "X"
    assert outcome({"text": row}, {"n": 1}) == Mapped({}, {})
    assert reasons(outcome({"text": row}, {"n": "x"})) == [("text", "bad_value")]


def test_out_is_what_was_mapped_before() -> None:
    rows = {"text": {"from": "x", "do": ["trim"]}, "open": {"template": "<{$out.text}>"}}

    assert outcome(rows, {"x": " a "}) == Mapped({"text": "a", "open": "<a>"}, {})


def test_a_row_that_reads_out_adds_no_problem_of_its_own() -> None:
    rows = {
        "text": {"from": "x"},
        "open": {"template": "{$out.text}", "if_empty": "hold"},
        "whole": {"from": "y"},
    }

    assert reasons(outcome(rows, {"x": 5, "y": "z"})) == [
        ("text", "bad_value"),
        ("whole", "bad_value"),
    ]


def test_lines_are_numbered_as_they_are_sent() -> None:
    rows = {"lines": {"each": "rows", "when": [["n", "is_not", 0]], "map": {"n": {"from": "n"}}}}

    got = outcome(rows, {"rows": [{"n": 0}, {"n": 1}, {"n": "x"}]})

    assert reasons(got) == [("lines[1].when", "bad_value"), ("lines[1].n", "bad_value")]


def test_lines_can_be_missing_empty_or_too_many() -> None:
    rows = {"lines": {"each": "rows", "map": {"n": {"from": "n"}}}}

    assert outcome(rows, {}) == Mapped({}, {})
    assert outcome(rows, {"rows": []}) == Mapped({"lines": []}, {})
    assert reasons(outcome(rows, {"rows": [{}] * 4})) == [("lines", "too_many_lines")]
    assert reasons(outcome(rows, {"rows": {"n": 1}})) == [("lines", "bad_value")]
    sure = {"sure": rows["lines"]}
    assert reasons(outcome(sure, {"rows": []})) == [("sure", "required")]
    assert reasons(outcome(sure, {})) == [("sure", "required")]


def test_a_filter_skips_and_a_filter_that_can_not_say_holds() -> None:
    rows = {"text": {"from": "x"}}

    assert outcome(rows, {"n": 1}, filter=[["n", "gt", 1]]) == Skipped("filter")
    assert reasons(outcome(rows, {"n": "x"}, filter=[["n", "gt", 1]])) == [("filter", "bad_value")]


@pytest.mark.parametrize("record", [None, [], "x", 5])
def test_a_record_that_is_no_object_maps_to_nothing_or_is_held(record: Any) -> None:
    assert reasons(outcome({"needed": {"from": "x.y"}}, record)) == [("needed", "required")]


def test_links_of_a_page_are_asked_at_once() -> None:
    rows = {
        "vendor": {
            "choose": [
                {
                    "when": [["own", "is", True]],
                    "link": {"stream": "s", "object": "vendor", "key": "id"},
                },
                {"link": {"stream": "s", "object": "vendor", "key": ["company", "id"]}},
            ]
        },
        "lines": {
            "each": "rows",
            "map": {"to": {"link": {"stream": "b", "object": "w", "id": "to"}}},
        },
    }
    page = [
        {"own": True, "id": 1, "company": "10", "rows": [{"to": "r1"}, {"to": None}, {}]},
        {"id": [], "rows": None},
    ]

    assert compiled(rows).link_keys(page) == {
        LinkKey("s", "vendor", ("1",)),
        LinkKey("s", "vendor", ("10", "1")),
        LinkKey("b", "w", ("r1",), back=True),
    }


def test_a_link_without_an_answer_waits_for_it() -> None:
    row = {"link": {"stream": "suppliers", "object": "vendor", "key": "id"}}
    record = {"id": "S-99"}
    key = LinkKey("suppliers", "vendor", ("S-99",))

    held = outcome({"vendor": row}, record)

    assert isinstance(held, Held)
    assert held.problems[0].wait_key == key.wait_key == "link:suppliers:vendor:S-99"
    assert outcome({"vendor": row}, record, links={key: "7"}) == Mapped({"vendor": "7"}, {})
    soft = {"link": {**row["link"], "missing": "null"}}
    assert outcome({"vendor": soft}, record) == Mapped({}, {})
    assert outcome({"vendor": row}, {"id": None}) == Mapped({}, {})


def test_a_check_that_fails_holds_the_record_unless_within() -> None:
    rows = {"number": {"from": "n"}}
    check = {"name": "near", "that": "{$out.number} == {m}"}

    got = outcome(rows, {"n": 1, "m": "1.02"}, checks=[check])
    assert reasons(got) == [("near", "check_failed")]
    assert "1.00 on the left, 1.02 on the right." in str(got)
    assert reasons(outcome(rows, {"n": 1}, checks=[check])) == [("near", "check_failed")]
    near = {**check, "within": D("0.02")}
    assert isinstance(outcome(rows, {"n": 1, "m": "1.02"}, checks=[near]), Mapped)


def test_modes_stand_beside_the_values() -> None:
    rows = {"text": {"from": "x", "mode": "if_new"}, "open": {"from": "x", "mode": "if_empty"}}

    got = outcome(rows, {"x": "a"})

    assert got == Mapped({"text": "a", "open": "a"}, {"text": "if_new", "open": "if_empty"})


def test_a_preview_shows_paths_steps_and_problems() -> None:
    rows = {
        "text": {"from": ["a", "b"], "do": ["trim", {"case": "upper"}]},
        "number": {"from": "c", "do": ["decimal"]},
    }

    preview = compiled(rows).preview({"b": " x ", "c": "1,5"}, links={}, maps={}, run=NO_RUN)

    text, number = preview.fields
    assert (text.field, text.paths, text.read, text.value) == ("text", ("a", "b"), " x ", "X")
    assert [(step.name, step.value) for step in text.steps] == [
        ("from b", " x "),
        ("trim", "x"),
        ("case", "X"),
    ]
    assert (number.read, number.value, number.steps) == ("1,5", None, ())
    assert number.problem is not None
    assert number.problem.reason == "bad_value"
    assert reasons(preview.outcome) == [("number", "bad_value")]


def test_a_preview_shows_which_arm_was_taken() -> None:
    row = {
        "choose": [
            {"when": [["n", "gt", 1]], "value": "many"},
            {"from": "word", "do": [{"case": "upper"}]},
        ],
        "do": ["trim"],
    }

    preview = compiled({"text": row}).preview({"n": 1, "word": "a "}, links={}, maps={}, run=NO_RUN)

    steps = [(step.name, step.value) for step in preview.fields[0].steps]
    assert steps == [("arm 2", "a "), ("case", "A "), ("trim", "A")]


def test_a_preview_shows_a_list_that_is_none() -> None:
    rows = {"sure": {"each": "rows", "map": {"n": {"from": "n"}}}}

    (trace,) = compiled(rows).preview({"rows": []}, links={}, maps={}, run=NO_RUN).fields

    assert (trace.field, trace.paths) == ("sure", ("rows",))
    assert trace.problem is not None
    assert trace.problem.reason == "required"


def test_a_preview_names_the_line() -> None:
    rows = {"lines": {"each": "rows", "map": {"n": {"from": "n"}}}}

    preview = compiled(rows).preview({"rows": [{"n": 1}, {"n": 2}]}, links={}, maps={}, run=NO_RUN)

    assert [trace.field for trace in preview.fields] == ["lines[0].n", "lines[1].n"]


def _leaves(node: object) -> Iterator[object]:
    if isinstance(node, dict):
        for each in node.values():
            yield from _leaves(each)
    elif isinstance(node, list):
        for each in node:
            yield from _leaves(each)
    else:
        yield node


@pytest.mark.parametrize("slug", sorted(OBJECTS))
def test_no_float_is_in_what_is_mapped(slug: str) -> None:
    document = the_document()
    mapping, run = a_compiled(document, slug), the_run(document, slug)
    seen = 0

    for test in mapping.tests:
        links = dict.fromkeys(mapping.link_keys([test["record"]], run=run), "1")
        got = mapping.map_record(test["record"], links=links, maps=the_maps(document), run=run)
        if isinstance(got, Mapped):
            leaves = list(_leaves(got.values))
            assert not any(isinstance(leaf, float) for leaf in leaves)
            seen += len(leaves)
    assert seen > 5
