"""connector.flows.flow_yaml"""

import pytest

from connector.flows.documents import Document, Origin, SecretRef
from connector.flows.flow_yaml import DocumentError, dump, export, parse
from connector.systems.yaml_reader import read
from tests.connector.flows.worlds import the_document, the_files

FLOW = """\
format: 1
flows:
  bills:
    title: Bills
    source: {connection: erp, stream: invoices}
    destination: {connection: ap, object: bill}
    trigger: {schedule: every 10m}
    mapping:
      map:
        a: {from: b}
"""
CONNECTION = """\
format: 1
connections:
  erp:
    title: ERP
    system: own
    secrets: {password: {env: PASSWORD}}
"""


def problems(text: str, name: str = "a.yaml", **others: str) -> list[str]:
    with pytest.raises(DocumentError) as error:
        parse({name: text, **others})
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    "name", [n for n in the_files() if n.endswith(".yaml") and n != "ledger_erp.yaml"]
)
def test_an_example_comes_back_as_the_same_text(name: str) -> None:
    text = the_files()[name]

    assert dump(read(text, name)[0]) == text  # type: ignore[arg-type]


def test_all_examples_together_are_one_document() -> None:
    document = the_document()

    assert set(document.flows) == {
        "suppliers-to-payables",
        "invoices-to-payables",
        "payments-to-erp",
        "orders-to-erp",
    }
    assert document.systems["ledger_erp"].text.startswith("format: 1\nname: ledger_erp")
    assert document.connections["payables"].secrets == {
        "username": SecretRef("env", "AP_USERNAME"),
        "password": SecretRef("unset"),
    }
    assert document.flows["payments-to-erp"].origin == Origin("payments.yaml", 4)
    accounts = document.value_maps["accounts"]
    assert (accounts.csv, accounts.table().get(("20", "0815"))) == ("accounts.csv", "acct-41")
    assert document.value_maps["terms"].table().get((" NET 30",)) == 30
    assert document.value_maps["methods"].shape.default == "OTHER"


def test_an_export_is_the_same_document_and_comes_back_as_the_same_text() -> None:
    files = the_files()
    text = export(the_document())

    again = parse({"all.yaml": text, **{n: files[n] for n in ("accounts.csv", "ledger_erp.yaml")}})

    assert export(again) == text
    assert _bare(again) == _bare(the_document())


def _bare(document: Document) -> str:
    """Everything but the places."""
    return export(document) + str([each.entries for each in document.value_maps.values()])


def test_an_empty_folder_is_an_empty_document() -> None:
    assert parse({}) == Document()
    assert export(Document()) == "format: 1\n"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("format: 1", "format: 2", "a.yaml:1: format: must be 1"),
        ("format: 1\n", "", "a.yaml:1: format: must be 1"),
        ("flows:", "flow:", "a.yaml:2: flow: unknown section; sections: systems"),
        ("  bills:", "  Bills:", "a.yaml:3: flows.Bills: the name may hold a-z"),
        (
            "title: Bills",
            "titel: Bills",
            'a.yaml:4: flows.bills.titel: unknown key; did you mean "title"?',
        ),
        (
            "title: Bills",
            "title: 5",
            "a.yaml:4: flows.bills.title: must be a text; put it in quotes",
        ),
        ("title: Bills\n", "enabled: maybe\n", 'flows.bills: "title" is missing'),
        (
            "{connection: ap, object: bill}",
            "ap",
            "a.yaml:6: flows.bills.destination: must be an object",
        ),
        ("stream: invoices", "streem: invoices", "flows.bills.source.streem: unknown key"),
        ("every 10m", "every 10 minutes", "flows.bills.trigger.schedule: must be like"),
        ("every 10m", '"* * * *"', "flows.bills.trigger.schedule: must be like"),
        ("every 10m", '"0 6 * * 1-5"', 'flows.bills.trigger: "zone" is missing'),
        ("every 10m", "every 10m, zone: Mars", "flows.bills.trigger.zone: must be a time zone"),
        ("every 10m", "every 10m, after: [A B]", "flows.bills.trigger.after.0: must be a name"),
        (
            "    mapping:",
            "    policies: {keep_held: 30}\n    mapping:",
            "policies.keep_held: must be a time",
        ),
        (
            "    mapping:",
            "    policies: {reversed: maybe}\n    mapping:",
            "must be one of hold, send",
        ),
        ("    mapping:", "    policies: {concurrency: 0}\n    mapping:", "must be 1 to 100"),
        (
            "    mapping:",
            '    policies: {start_from: "2026-11-01"}\n    mapping:',
            "must be a time with zone",
        ),
        ("        a:", "        a: &x", "a.yaml:10: anchors and aliases are not allowed"),
        ("title: Bills", "title: Bills\n    title: B", 'a.yaml:5: "title" stands here twice'),
    ],
)
def test_a_mistake_is_told_with_file_line_and_path(old: str, new: str, problem: str) -> None:
    assert old in FLOW

    found = problems(FLOW.replace(old, new, 1))

    assert any(problem in line for line in found), found
    assert all(line.startswith("a.yaml:") for line in found)


def test_all_mistakes_of_all_files_come_at_once() -> None:
    found = problems(
        FLOW.replace("title", "titel"), **{"b.yaml": CONNECTION.replace("system", "sistem")}
    )

    assert {line.partition(":")[0] for line in found} == {"a.yaml", "b.yaml"}
    assert len(found) == 4


def test_a_name_that_stands_in_two_files_is_refused() -> None:
    assert problems(FLOW, **{"b.yaml": FLOW}) == [
        "b.yaml:3: flows.bills: stands here again; first in a.yaml:3"
    ]


@pytest.mark.parametrize(
    "secret",
    [
        "hunter2-plain",
        "{value: hunter2-plain}",
        "{hunter2-plain: env}",
        "{env: hunter2-plain}",
        "{file: ../hunter2-plain}",
        "{file: .hunter2-plain}",
        "{file: a, env: HUNTER2_PLAIN}",
        "[hunter2-plain]",
        "{unset: hunter2-plain}",
    ],
)
def test_a_secret_in_the_file_is_refused_and_never_repeated(secret: str) -> None:
    (found,) = problems(CONNECTION.replace("{env: PASSWORD}", secret))

    assert found.startswith("a.yaml:6: connections.erp.secrets.password: a secret is a reference")
    assert "hunter2" not in found.lower()


MAP = """\
format: 1
value_maps:
  codes:
    title: Codes
    keys: [code]
    value: text
    entries: {"1": a}
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('{"1": a}', '{"1": 5}', "every value must be of type text; put codes in quotes"),
        ("value: text", "value: integer", "every value must be of type integer"),
        ("[code]", "[a, b]", "a map with several keys has its entries in a CSV file"),
        ("[code]", "[a, b, c, d]", "1 to 3 keys"),
        ('entries: {"1": a}', "unknown: hold", "either entries or csv"),
        ('entries: {"1": a}', "csv: gone.csv", 'there is no file "gone.csv" beside it'),
        ('entries: {"1": a}', "csv: ../x.csv", "the name of a file beside this one"),
        ('entries: {"1": a}', "csv: bad.csv", "the first line must be code,value"),
        (
            "value: text",
            "value: text\n    unknown: {default: 1}",
            "the default must be of type text",
        ),
        ("value: text", "value: text\n    unknown: drop", "unknown must be hold, pass or"),
        ('{"1": a}', '{A: a, " a ": b}\n    ignore_case: true', "stands twice"),
    ],
)
def test_a_value_map_that_does_not_fit_is_refused(old: str, new: str, problem: str) -> None:
    found = problems(MAP.replace(old, new, 1), **{"bad.csv": "a,b\n"})

    assert any(problem in line for line in found), found


def test_a_system_needs_its_file() -> None:
    text = "format: 1\nsystems:\n  own:\n    file: own.yaml\n"

    assert problems(text) == ['a.yaml:3: systems.own.file: there is no file "own.yaml" beside it']
    assert parse({"a.yaml": text, "own.yaml": "name: own\n"}).systems["own"].text == "name: own\n"


@pytest.mark.parametrize(
    "text", ["", "- a\n", "5\n", "format: 1\nflows: [a]\n", "format: 1\nflows: {a: 5}\n"]
)
def test_what_is_no_document_is_refused(text: str) -> None:
    assert problems(text)
