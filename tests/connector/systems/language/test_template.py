"""Templates: names and pipes from closed lists, typed when alone, never a silent gap."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.systems.errors import Kind, SystemFailure
from connector.systems.pipes import PIPES
from connector.systems.scope import Scope
from connector.systems.spec_fields import Field, Wire
from connector.systems.template import DROP, Template, TemplateError, render, render_text

NOW = datetime(2026, 11, 20, 8, 0, 0, 123456, tzinfo=UTC)
FIELDS = {
    "total": Field(name="total", type="money", currency="USD", at=("total",)),
    "due": Field(name="due", type="date", at=("due",)),
    "number": Field(name="number", type="text", at=("number",)),
    "vendor": Field(name="vendor", type="id", at=("vendor",)),
}
RECORD = {"total": Decimal("12.50"), "due": date(2026, 12, 1), "number": "A'1", "vendor": "17"}


def scope(wire: Wire | None = None, **more: Any) -> Scope:
    names = {
        "settings": {"company": 3, "url": "https://ERP.example.com:8443/x", "on": True},
        "record": RECORD,
        "now": NOW,
        "id": "42",
        "key": "k1",
        "list": ["a", "b"],
        **more,
    }
    return Scope(
        names=names,
        system="BILL",
        wire=wire or Wire(),
        zone=ZoneInfo("Pacific/Auckland"),
        fields={"record": FIELDS},
    )


def made(text: str, wire: Wire | None = None, **more: Any) -> Any:
    return render(Template(text), scope(wire, **more))


def test_alone_it_gives_the_typed_value_and_with_text_round_it_text() -> None:
    assert made("{{ settings.company }}") == 3
    assert made("no {{ settings.company }}") == "no 3"
    assert made("{{ list }}") == ["a", "b"]
    assert made("plain") == "plain"
    assert made("") == ""


def test_alone_a_field_is_written_by_its_own_type() -> None:
    wire = Wire(money="minor", date="us", id="number")
    assert made("{{ record.total }}", wire) == 1250
    assert made("{{ record.due }}", wire) == "12/01/2026"
    assert made("{{ record.vendor }}", wire) == 17
    assert made("{{ id }}", wire) == 42
    assert made("{{ record.vendor | optional }}", wire) == 17


def test_in_a_text_values_have_a_plain_form() -> None:
    assert made("x{{ record.total }}") == "x12.50"
    assert made("x{{ record.due }}") == "x2026-12-01"
    assert made("x{{ now }}") == "x2026-11-20T08:00:00Z"
    assert made("x{{ settings.on }}") == "xtrue"
    assert made("x{{ record.due }}", Wire(date="tagged")) == "x2026-12-01"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ now | iso }}", "2026-11-20T08:00:00Z"),
        ("{{ now | iso_ms }}", "2026-11-20T08:00:00.123Z"),
        ("{{ now | date }}", "2026-11-20"),
        ("{{ late | date }}", "2026-11-21"),
        ("{{ now | compact_date }}", "20261120"),
        ("{{ now | epoch_s }}", 1795161600),
        ("{{ now | epoch_ms }}", 1795161600123),
        ('{{ now | format: "DD.MM.YYYY HH:mm:ss" }}', "20.11.2026 21:00:00"),
        ("{{ record.due | format: YYYY/MM }}", "2026/12"),
        ("{{ record.number | sql }}", "'A''1'"),
        ("{{ record.number | odata }}", "'A''1'"),
        ("{{ quoted | quote }}", '"a\\"b\\\\c"'),
        ("{{ settings.url | host }}", "erp.example.com:8443"),
        ("{{ record.number | upper }}", "A'1"),
        ("{{ record.number | lower }}", "a'1"),
        ("{{ spaced | trim }}", "x"),
        ("{{ uml | base64 }}", "w7w/Pg=="),
        ("{{ uml | base64url }}", "w7w_Pg=="),
        ("{{ record.total | json }}", "12.50"),
        ("{{ list | json }}", '["a","b"]'),
        ("{{ settings.company | text }}", "3"),
        ("{{ long | limit: 3 }}", "abc"),
        ('{{ list | join: ", " }}', "a, b"),
        ("{{ list | join: - }}", "a-b"),
        ("{{ list | first }}", "a"),
        ("{{ record.total | minor: USD }}", 1250),
        ("{{ record.total | minor: record.currency }}", 1250),
        ("{{ missing | default: 5 }}", 5),
        ("{{ missing | default: '5' }}", "5"),
        ("{{ missing | default: none | upper }}", "NONE"),
        ("{{ missing | upper | default: x }}", "x"),
    ],
)
def test_each_pipe_gives_what_it_says(text: str, value: object) -> None:
    more: dict[str, Any] = {
        "late": datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
        "quoted": 'a"b\\c',
        "spaced": " x ",
        "uml": "ü?>",
        "long": "abcdef",
        "record": {**RECORD, "currency": "USD"},
    }
    assert made(text, **more) == value


def test_every_pipe_is_shown_by_the_test_above() -> None:
    (marks,) = test_each_pipe_gives_what_it_says.pytestmark  # type: ignore[attr-defined]
    text = " ".join(case[0] for case in marks.args[1])
    assert [name for name in PIPES if f"| {name}" not in text and name != "optional"] == []


def test_a_missing_name_is_an_error_that_names_the_field_and_the_system() -> None:
    with pytest.raises(SystemFailure) as caught:
        made("{{ record.due_date }}")
    says = 'The field "due_date" is needed by BILL but the mapping gave none.'
    assert caught.value.message == says
    assert caught.value.kind is Kind.REFUSED


@pytest.mark.parametrize("text", ["{{ record.none }}", "a {{ record.none }}"])
def test_null_is_missing_too(text: str) -> None:
    with pytest.raises(SystemFailure):
        made(text, record={"none": None})


def test_a_missing_setting_is_a_matter_of_the_connection_not_of_the_record() -> None:
    with pytest.raises(SystemFailure) as caught:
        made("{{ settings.nothing }}")
    assert caught.value.kind is Kind.CONFIG


def test_optional_drops_the_whole_text() -> None:
    assert made("{{ record.none | optional }}") is DROP
    assert made("a {{ record.none | iso | optional }} b") is DROP
    assert Template("{{ a | optional }}").optional
    assert not Template("{{ a | optional | default: 1 }}").optional


def test_a_pipe_on_the_wrong_kind_of_value_holds_the_record_without_showing_it() -> None:
    for text in ("{{ record.number | iso }}", "{{ record.number | first }}", "x {{ list }}"):
        with pytest.raises(SystemFailure) as caught:
            made(text)
        assert "A'1" not in caught.value.message
        assert caught.value.kind is Kind.REFUSED


def test_no_error_ever_holds_a_part_of_the_credential() -> None:
    with pytest.raises(SystemFailure) as caught:
        made("{{ credential.password | host }}", credential={"password": "hunter2"})
    assert "hunter2" not in str(caught.value) + repr(caught.value)
    assert "password" in caught.value.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ a | tojson }}", 'unknown pipe "tojson"; pipes: base64'),
        ("{{ a + 1 }}", 'unknown name "a + 1"'),
        ("{{ a[0] }}", 'unknown name "a[0]"'),
        ("{{ A }}", 'unknown name "A"'),
        ("{{ }}", 'unknown name ""'),
        ("{{ a", '"{{" without "}}"'),
        ("{% if a %}", 'only "{{ name | pipe }}" is known here'),
        ("'{{ a }}'", 'stands between quotes: use "| sql"'),
        ('x="{{ a }}', "stands between quotes"),
        ("{{ a | limit }}", 'the pipe "limit" needs a whole number'),
        ("{{ a | limit: x }}", 'the pipe "limit" needs a whole number'),
        ("{{ a | format: %Y }}", 'the pipe "format" needs YYYY'),
        ("{{ a | format: week }}", 'the pipe "format" needs YYYY'),
        ("{{ a | minor: usd }}", 'the pipe "minor" needs a currency'),
        ("{{ a | upper: x }}", 'the pipe "upper" takes nothing after it'),
        ("{{ a | | upper }}", 'unknown pipe ""'),
    ],
)
def test_what_is_not_a_template_is_refused_when_read(text: str, says: str) -> None:
    with pytest.raises(TemplateError) as caught:
        Template(text)
    assert says in str(caught.value)


def test_values_are_never_read_as_templates() -> None:
    assert made("a {{ record.number }}", record={"number": "{{ settings.url }}"}) == (
        "a {{ settings.url }}"
    )


def test_encoding_touches_the_values_only() -> None:
    text = render_text(Template("a/{{ id }}/b"), scope(id="x"), lambda _: "%")
    assert text == "a/%/b"


@given(st.text(max_size=80))
def test_any_text_is_a_template_or_a_template_error(text: str) -> None:
    try:
        template = Template(text)
    except TemplateError:
        return
    if not template.slots:
        assert render(template, scope()) == text


@given(st.lists(st.sampled_from(["{{", "}}", " a ", "|", " upper", ":", "'", "{%", "x.y", "\n"])))
def test_any_mix_of_template_signs_is_a_template_or_a_template_error(parts: list[str]) -> None:
    try:
        Template("".join(parts))
    except TemplateError:
        return


@given(
    st.sampled_from(sorted(PIPES)),
    st.none() | st.booleans() | st.integers() | st.text() | st.dates() | st.datetimes()
    | st.decimals(allow_nan=False, allow_infinity=False) | st.lists(st.text()),
)  # fmt: skip
def test_every_pipe_takes_every_value_or_refuses_the_record(pipe: str, value: object) -> None:
    argument = {
        "format": ": YYYY",
        "limit": ": 3",
        "join": ": -",
        "default": ": x",
        "minor": ": EUR",
    }
    text = "{{ record.x | " + pipe + argument.get(pipe, "") + " }}"
    try:
        found = render(Template(text), scope(record={"x": value}))
    except SystemFailure:
        return
    assert not isinstance(found, float)
