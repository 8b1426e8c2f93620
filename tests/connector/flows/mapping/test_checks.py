"""connector.flows.mapping.checks: each code has a mapping that triggers it and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from connector.flows.mapping import (
    Level,
    MappingError,
    MapShape,
    StaticContext,
    compile_mapping,
)
from connector.flows.mapping.samples import findings, run_samples
from tests.connector.flows.worlds import a

LINES = a("list", fields={"n": a("integer"), "net": a("decimal"), "text": a("text", max=30)})
SOURCE = {
    "id": a("text", max=20),
    "name": a("text", max=90),
    "issued": a("datetime"),
    "due": a("date"),
    "state": a("enum", values=("open", "done")),
    "paid": a("boolean"),
    "count": a("integer"),
    "net": a("decimal"),
    "gross": a("money"),
    "currency": a("currency"),
    "address": a("object", fields={"city": a("text")}),
    "lines": LINES,
}
TARGET = {
    "ref": a("text", max=40, required=True, external_reference=True),
    "title": a("text", max=30),
    "created": a("datetime"),
    "due": a("date"),
    "amount": a("money", currency="currency"),
    "currency": a("currency"),
    "rate": a("decimal", scale=2),
    "count": a("integer", nullable=False),
    "state": a("enum", values=("open", "done")),
    "country": a("country"),
    "paid": a("boolean"),
    "vendor": a("id", to="vendor"),
    "version": a("integer", read_only=True),
    "ship": a("object", fields={"city": a("text", required=True), "zip": a("text")}),
    "lines": a("list", fields={"net": a("decimal", required=True), "text": a("text")}),
}
MAPS = {
    "states": MapShape(("state",), values=frozenset({"open", "closed"})),
    "days": MapShape(("terms",), value="integer"),
    "pass": MapShape(("n",), value="integer", unknown="pass"),
    "pair": MapShape(("company", "account")),
}
CONTEXT = StaticContext(
    fields=TARGET,
    source=SOURCE,
    maps=MAPS,
    streams=frozenset({"suppliers"}),
    objects=frozenset({"vendor", "customer"}),
    filled=frozenset({("suppliers", "vendor")}),
)
UNTYPED = replace(CONTEXT, source=None)
REF = {"ref": {"from": "id"}}


def with_rows(**rows: Any) -> dict[str, Any]:
    return {"map": {**REF, **{name.replace("__", "."): row for name, row in rows.items()}}}


def codes(mapping: Any, context: StaticContext = CONTEXT) -> set[str]:
    """The codes of all findings, warnings too."""
    try:
        return {finding.code for finding in compile_mapping(mapping, context=context).findings}
    except MappingError as error:
        return {finding.code for finding in error.findings}


def link(**parts: Any) -> dict[str, Any]:
    return {"link": {"stream": "suppliers", "object": "vendor", "key": "id", **parts}}


def check(that: str, **more: Any) -> dict[str, Any]:
    return {"map": REF, "checks": [{"name": "c", "that": that, **more}]}


WRONG = [
    ("M01", {"map": REF, "filters": []}),
    ("M01", with_rows(title={"from": "id", "value": "x"})),
    ("M01", with_rows(title={"do": ["trim"]})),
    ("M01", with_rows(title={"from": "id", "doo": []})),
    ("M01", with_rows(title={"from": "id", "do": ["trimm"]})),
    ("M01", with_rows(title={"from": "id", "do": "trim"})),
    ("M01", with_rows(title={"from": "id", "mode": "sometimes"})),
    ("M01", with_rows(title={"value": [1]})),
    ("M01", with_rows(title={"link": {"stream": "a", "object": "b"}})),
    ("M01", with_rows(title={"choose": []})),
    ("M01", with_rows(title={"choose": [{"value": "a"}, {"value": "b"}]})),
    ("M01", with_rows(title={"choose": [{"choose": [{"value": "a"}]}]})),
    (
        "M01",
        with_rows(lines={"each": "lines", "map": {"net": {"from": "net", "mode": "if_new"}}}),
    ),
    ("M02", with_rows(titel={"from": "id"})),
    ("M02", with_rows(version={"from": "count"})),
    ("M02", with_rows(lines={"from": "lines"})),
    ("M02", with_rows(title={"each": "lines", "map": {"net": {"from": "net"}}})),
    ("M02", with_rows(ship={"from": "address"})),
    ("M02", with_rows(title__part={"from": "id"})),
    ("M03", {"map": {"title": {"value": "x"}, "ref.x": {"value": "x"}}}),
    ("M03", with_rows(ship__zip={"from": "id"})),
    ("M03", with_rows(lines={"each": "lines", "map": {"text": {"from": "text"}}})),
    ("M04", with_rows(title={"from": "a..b"})),
    ("M04", with_rows(title={"from": "idd"})),
    ("M04", with_rows(title={"from": "id.part"})),
    ("M04", with_rows(title={"from": "address.town"})),
    ("M04", with_rows(rate={"calc": "{lines[].nett}"})),
    ("M04", with_rows(rate={"calc": "{net} ** 2"})),
    ("M04", with_rows(title={"template": "{id"})),
    ("M04", {"map": REF, "filter": [["id", "like", "x"]]}),
    ("M05", with_rows(title={"from": "count"})),
    ("M05", with_rows(count={"from": "net"})),
    ("M05", with_rows(created={"from": "due"})),
    ("M05", with_rows(title={"from": "count", "do": ["trim"]})),
    ("M05", with_rows(count={"from": "lines", "do": ["sum", "integer"]})),
    ("M05", with_rows(amount={"from": "net"}, currency={"from": "currency"})),
    ("M05", with_rows(rate={"calc": "{paid} + 1"})),
    ("M05", with_rows(paid={"value": "yes"})),
    ("M06", with_rows(title={"from": "name"})),
    ("M07", with_rows(state={"value": "opne"})),
    ("M07", with_rows(country={"value": "UK"})),
    ("M07", with_rows(currency={"value": "EURO"})),
    ("M07", with_rows(state={"from": "id", "do": [{"map": "states"}]})),
    (
        "M07",
        with_rows(
            state={"choose": [{"when": [["paid", "is", True]], "value": "x"}, {"value": "open"}]}
        ),
    ),
    ("M08", with_rows(title={"from": "id", "do": [{"map": "gone"}, {"max_length": 30}]})),
    ("M08", with_rows(title={"from": "id", "do": [{"map": "pair"}, {"max_length": 30}]})),
    ("M08", with_rows(count={"from": "currency", "do": [{"map": "pass"}]})),
    ("M08", with_rows(count={"from": "id", "do": [{"map": {"name": "days", "default": "x"}}]})),
    ("M09", with_rows(vendor=link(stream="supplierz"))),
    ("M09", with_rows(vendor=link(object="vend"))),
    ("M09", with_rows(title=link())),
    ("M09", with_rows(vendor=link(key="paid"))),
    ("M10", with_rows(amount={"from": "gross"})),
    ("M10", with_rows(rate={"from": "net", "do": [{"money": "EUX"}]})),
    ("M10", with_rows(rate={"from": "net", "do": [{"money": "count"}]})),
    ("M11", with_rows(due={"from": "issued", "do": ["date"]})),
    ("M12", with_rows(rate={"calc": "{net} / 3"})),
    ("M12", with_rows(rate={"calc": "{net} / 3", "do": [{"money": "EUR"}]})),
    ("M13", with_rows(count={"from": "count", "if_empty": None})),
    ("M13", {"map": {"ref": {"from": "id", "if_empty": "omit"}}}),
    ("M13", {"map": {"ref": {"from": "id", "mode": "if_empty"}}}),
    ("M14", with_rows(title={"from": "$out.state"})),
    ("M14", with_rows(title={"from": "$record.id"})),
    ("M14", {"map": {"ref": {"from": "id"}, "vendor": link(key="$out.ref")}}),
    ("M15", {"map": REF, "filter": [["paid", "is", "true"]]}),
    ("M15", {"map": REF, "filter": [["net", "is", "80"]]}),
    ("M15", {"map": REF, "filter": [["state", "in", ["open", "closed"]]]}),
    ("M15", {"map": REF, "filter": [["name", "is", 1]]}),
    ("M16", check("{net}")),
    ("M16", check("{net} < 1 < 2")),
    ("M16", check("{net} == 1", within="x")),
    ("M16", {"map": REF, "checks": [{"name": "c", "that": "{net} == 1"}] * 2}),
    ("M17", {"map": REF, "checks": [{"name": f"c{n}", "that": "1 == 1"} for n in range(21)]}),
    ("M17", {"map": REF, "tests": [{"record": {}, "expect": {}}] * 51}),
    ("M17", with_rows(title={"from": "id", "do": ["trim"] * 90})),
    ("M18", {"map": {"title": {"value": "x"}}}),
]


@pytest.mark.parametrize(("code", "mapping"), WRONG)
def test_a_mistake_has_its_code_and_no_other(code: str, mapping: Any) -> None:
    context = CONTEXT
    if code in ("M18", "M03"):
        ref = replace(TARGET["ref"], required=code == "M03", external_reference=code == "M18")
        context = replace(CONTEXT, fields={**TARGET, "ref": ref})
    found = codes(mapping, context)

    assert found == {code} or (code == "M03" and found == {"M03", "M02"})


def test_every_code_is_tried() -> None:
    assert {code for code, _ in WRONG} == {f"M{n:02}" for n in range(1, 19)}


GOOD = [
    with_rows(title={"from": "id"}),
    with_rows(title={"from": ["name", "id"], "do": [{"max_length": 30}]}),
    with_rows(rate={"from": "count"}),
    with_rows(rate={"calc": "{net} / 3", "do": [{"round": {"digits": 2, "mode": "up"}}]}),
    with_rows(rate={"calc": "{net} / 3", "do": [{"money": {"currency": "EUR", "round": "up"}}]}),
    with_rows(rate={"from": "gross"}),
    with_rows(amount={"from": "gross"}, currency={"from": "currency"}),
    with_rows(due={"from": "issued", "do": [{"date": {"zone": "Europe/Paris"}}]}),
    with_rows(due={"from": "due"}),
    with_rows(created={"from": "issued"}),
    with_rows(state={"from": "state"}),
    with_rows(count={"from": "id", "do": [{"map": "days"}]}),
    with_rows(country={"from": "name", "do": [{"map": "std/country-iso2"}]}),
    with_rows(vendor=link()),
    with_rows(vendor={"choose": [{"when": [["paid", "is", True]], "value": None}, link()]}),
    with_rows(state={"value": "open"}, title={"from": "$out.state"}),
    with_rows(
        lines={
            "each": "lines",
            "when": [["net", "gt", 0]],
            "map": {"net": {"calc": "{net} + {$record.net}"}, "text": {"from": "text"}},
        }
    ),
    with_rows(ship__city={"from": "address.city"}),
    {"map": REF, "filter": [["name", "gt", 5], ["net", "gt", 5], ["state", "is", "open"]]},
    check("sum({$record.lines[].net}) == {$out.ref}", within=1),
    {"map": REF, "filter": None, "checks": [], "tests": []},
]


@pytest.mark.parametrize("mapping", GOOD)
def test_what_is_right_has_no_finding(mapping: Any) -> None:
    assert codes(mapping) == set()


def test_an_untyped_stream_is_checked_less() -> None:
    assert codes(with_rows(rate={"from": "whatever.it[0].is"}), UNTYPED) == {"M06"}
    assert codes(with_rows(paid={"from": "x"}, ref={"value": "1"}), UNTYPED) == set()


def test_money_is_never_taken_from_an_unknown_type() -> None:
    mapping = with_rows(ref={"value": "1"}, amount={"from": "x"}, currency={"from": "y"})

    assert codes(mapping, UNTYPED) == {"M05"}


def test_a_link_that_nothing_fills_yet_is_a_warning() -> None:
    compiled = compile_mapping(
        with_rows(vendor=link()), context=replace(CONTEXT, filled=frozenset())
    )

    assert [(f.code, f.level, f.row) for f in compiled.findings] == [
        ("M09", Level.WARNING, "vendor")
    ]


def test_a_link_back_asks_the_other_ends() -> None:
    back = {"link": {"stream": "bills", "object": "payment", "id": "id"}}
    context = replace(
        CONTEXT,
        back_streams=frozenset({"bills"}),
        back_objects=frozenset({"payment"}),
        filled=None,
    )

    assert codes(with_rows(vendor=back), context) == set()
    back["link"]["object"] = "vendor"
    assert codes(with_rows(vendor=back), context) == {"M09"}


def test_the_connections_zone_serves_every_row() -> None:
    mapping = with_rows(due={"from": "issued", "do": ["date"]})

    assert codes(mapping, replace(CONTEXT, zone="Europe/Berlin")) == set()


def test_if_empty_needs_an_object_that_can_be_read() -> None:
    mapping = with_rows(title={"from": "id", "mode": "if_empty"})

    assert codes(mapping) == set()
    assert codes(mapping, replace(CONTEXT, readable=False)) == {"M13"}
    assert codes(mapping, replace(CONTEXT, match=("title",))) == {"M13"}


def test_a_misspelt_field_is_told_its_neighbour() -> None:
    with pytest.raises(MappingError, match='did you mean "issued"'):
        compile_mapping(with_rows(created={"from": "isued"}), context=CONTEXT)


def test_all_findings_come_at_once_and_warnings_do_not_block() -> None:
    mapping = with_rows(titel={"value": 1}, state={"value": "x"}, title={"from": "name"})

    with pytest.raises(MappingError) as error:
        compile_mapping(mapping, context=CONTEXT)

    assert {f.code for f in error.value.findings} == {"M02", "M07", "M06"}
    assert "M06" not in str(error.value)


def test_a_stored_test_that_fails_is_m18() -> None:
    mapping = {"map": REF, "tests": [{"name": "t", "record": {"id": "1"}, "expect": {"ref": "2"}}]}
    compiled = compile_mapping(mapping, context=CONTEXT)

    (finding,) = findings(run_samples(compiled, compiled.tests, {}))

    assert (finding.code, finding.row) == ("M18", "t")
    assert "ref is 1, not 2." in finding.text


@pytest.mark.parametrize(
    "mapping",
    [None, [], "x", {"map": []}, {"map": {}}, {"map": {"ref": 1}}, {"map": REF, "tests": 5}],
)
def test_what_is_no_mapping_is_refused(mapping: Any) -> None:
    assert "M01" in codes(mapping)
