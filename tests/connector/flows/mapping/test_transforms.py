"""connector.flows.mapping.transforms"""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from connector.flows.mapping.errors import HeldError
from connector.flows.mapping.scope import NO_RUN, RunContext, Scope
from connector.flows.mapping.sources import ChainStep, run_chain
from connector.flows.mapping.transforms import TRANSFORMS
from connector.flows.mapping.transforms.arguments import read_call
from connector.flows.mapping.transforms.declare import ArgumentError, Systems
from connector.flows.mapping.value_maps import MapShape, value_map

VIENNA = RunContext(NO_RUN.started_at, NO_RUN.date, source={"zone": "Europe/Vienna"})
RECORD = {"currency": "EUR", "yen": "JPY", "euro": "EURO", "company": "10", "none": None}
MAPS = {
    "codes": value_map(MapShape(("code",), title="Codes"), [(("0400",), "a"), (("7",), "b")]),
    "loose": value_map(MapShape(("code",), ignore_case=True), [(("Net 30",), 30)]),
    "pass": value_map(MapShape(("code",), unknown="pass"), [(("x",), "y")]),
    "other": value_map(MapShape(("code",), unknown="default", default="O"), []),
    "pair": value_map(MapShape(("company", "account")), [(("10", "63"), "rent")]),
}
D = Decimal


def run(
    call: object, value: Any, *, run: RunContext = NO_RUN, systems: Systems | None = None
) -> Any:
    name, args = read_call(call)
    step = ChainStep(name, TRANSFORMS[name].make(args, systems or Systems()))
    return run_chain([step], value, Scope(RECORD, RECORD, run, {}, MAPS))


GOOD = [
    ("text", 5, "5"),
    ("text", D("1E+2"), "100"),
    ("text", D("1.50"), "1.50"),
    ("text", date(2026, 1, 2), "2026-01-02"),
    ("trim", "  a  b ", "a  b"),
    ({"trim": {"collapse": True}}, "  a \t b ", "a b"),
    ({"case": "upper"}, "straße", "STRASSE"),
    ({"case": {"to": "lower"}}, "ÄB", "äb"),
    ({"replace": {"old": ".", "new": "-"}}, "a.b.", "a-b-"),
    ({"replace": {"old": "a"}}, "banana", "bnn"),
    ({"slice": {"start": -4}}, "ATU12345678", "5678"),
    ({"slice": {"start": -4}}, "78", "78"),
    ({"slice": {"start": 2, "length": 3}}, "abcdefg", "cde"),
    ({"slice": {"start": 9}}, "abc", ""),
    ({"max_length": 3}, "abc", "abc"),
    ({"max_length": {"n": 3, "cut": True}}, "abcd", "abc"),
    ({"pad": {"width": 5}}, "42", "00042"),
    ({"pad": {"width": 2, "fill": "x"}}, "abc", "abc"),
    ("unpad", "0042", "42"),
    ("unpad", "0000", "0"),
    ({"unpad": " "}, "  a ", "a "),
    ({"split": ","}, "a,,b", ["a", "", "b"]),
    ({"join": "; "}, ["a", None, "", "b"], "a; b"),
    ({"join": ","}, [], ""),
    ("decimal", "1180.10", D("1180.10")),
    ("decimal", " -7 ", D(-7)),
    ("decimal", 12, D(12)),
    ({"decimal": {"point": ",", "thousands": "."}}, "1.180,10", D("1180.10")),
    ({"decimal": ","}, "0,5", D("0.5")),
    ({"decimal": {"thousands": "'"}}, "+1'234'567.8", D("1234567.8")),
    ("integer", "12", 12),
    ("integer", D("2.00"), 2),
    ({"round": {"digits": 2, "mode": "half_up"}}, D("2.675"), D("2.68")),
    ({"round": {"digits": 2, "mode": "half_even"}}, D("2.665"), D("2.66")),
    ({"round": {"digits": 0, "mode": "down"}}, D("-2.9"), D("-2")),
    ({"round": {"digits": 0, "mode": "up"}}, D("2.1"), D("3")),
    ({"round": {"digits": 2, "mode": "up"}}, 3, D("3.00")),
    ("negate", D("1.50"), D("-1.50")),
    ("negate", 3, D(-3)),
    ("sum", [], D(0)),
    ("sum", [1, "2.5", D("0.10")], D("3.60")),
    ({"money": "currency"}, "12.5", D("12.50")),
    ({"money": "yen"}, D("1180.0"), D("1180")),
    ({"money": "KWD"}, 1, D("1.000")),
    ({"money": {"currency": "EUR", "round": "half_up"}}, D("1.005"), D("1.01")),
    ({"from_minor": "EUR"}, 1234, D("12.34")),
    ({"from_minor": "JPY"}, 1234, D("1234")),
    ({"to_minor": "EUR"}, D("12.3"), 1230),
    ({"to_minor": "CLF"}, D("0.0001"), 1),
    ("boolean", True, True),
    ({"boolean": {"true": ["Y", 1], "false": ["N", 0]}}, "N", False),
    ({"boolean": {"true": ["Y", 1], "false": ["N", 0]}}, 1, True),
    ("invert", False, True),
    ("date", "2026-11-03", date(2026, 11, 3)),
    ("date", "20261103", date(2026, 11, 3)),
    ({"date": "YYYYMMDD"}, "20261103", date(2026, 11, 3)),
    ({"date": {"zone": "UTC"}}, "2026-11-03 23:30:00.1234567+0000", date(2026, 11, 3)),
    ("date", date(2026, 11, 3), date(2026, 11, 3)),
    ("date", "2026-11-03T23:30:00", date(2026, 11, 3)),
    ({"date": {"zone": "Europe/Berlin"}}, "2026-11-03T23:30:00Z", date(2026, 11, 4)),
    ({"date": {"zone": "America/New_York"}}, "2026-11-03T23:30:00Z", date(2026, 11, 3)),
    ({"date": "DD.MM.YYYY"}, "01.02.2026", date(2026, 2, 1)),
    ({"date": "MM/DD/YY"}, "02/01/26", date(2026, 2, 1)),
    ({"date": {"epoch": "s", "zone": "UTC"}}, 1_772_323_199, date(2026, 2, 28)),
    ({"date": {"epoch": "ms", "zone": "UTC"}}, "1772323200000", date(2026, 3, 1)),
    ("datetime", "2026-11-03T23:30:00Z", datetime(2026, 11, 3, 23, 30, tzinfo=UTC)),
    (
        "datetime",
        "2026-11-03T23:30:00+02:00",
        datetime(2026, 11, 3, 23, 30, tzinfo=timezone(timedelta(hours=2))),
    ),
    ({"datetime": {"epoch": "s"}}, 0, datetime(1970, 1, 1, tzinfo=UTC)),
    (
        {"datetime": {"format": "YYYY-MM-DD HH:mm", "zone": "America/Chicago"}},
        "2026-11-06 09:30",
        datetime(2026, 11, 6, 15, 30, tzinfo=UTC),
    ),
    ({"add_days": 14}, date(2026, 12, 25), date(2027, 1, 8)),
    ({"add_days": -1}, date(2026, 3, 1), date(2026, 2, 28)),
    ({"map": "codes"}, "0400", "a"),
    ({"map": "codes"}, 7, "b"),
    ({"map": {"name": "codes", "default": "z"}}, "9", "z"),
    ({"map": "loose"}, " NET 30", 30),
    ({"map": "pass"}, "new", "new"),
    ({"map": "other"}, "new", "O"),
    ({"map": {"name": "pair", "with": ["company"]}}, "63", "rent"),
    ({"map": "std/country-iso3"}, "de", "DEU"),
    ({"map": "std/currency-code"}, "978", "EUR"),
    ({"map": "std/language"}, "German", "de"),
    ({"default": 1}, None, 1),
    ({"default": "x"}, "", "x"),
    ({"default": "x"}, "y", "y"),
    ({"default": True}, False, False),
]

BAD = [
    ("text", True, "bad_value", "use boolean and map"),
    ("text", [1], "bad_value", "A list or object can't be text."),
    ("trim", 5, "bad_value", "5 is no text; use text before."),
    ({"case": "upper"}, D("1.5"), "bad_value", "no text"),
    ({"replace": {"old": "a"}}, 1, "bad_value", "no text"),
    ({"slice": {}}, 1, "bad_value", "no text"),
    ({"max_length": 21}, "x" * 24, "too_long", "24 characters, at most 21 fit."),
    ({"max_length": 21}, 5, "bad_value", "no text"),
    ({"pad": 5}, 5, "bad_value", "no text"),
    ("unpad", 5, "bad_value", "no text"),
    ({"split": ","}, ["a"], "bad_value", "A list is no text"),
    ({"join": ","}, "a", "bad_value", "no list of texts"),
    ({"join": ","}, ["a", 1], "bad_value", "1 is no text"),
    ("decimal", "1.180,10", "bad_value", '"1.180,10" is not a number with point ".".'),
    ({"decimal": {"thousands": ","}}, "1,23", "bad_value", "not a number"),
    ("decimal", "1e5", "bad_value", "not a number"),
    ("decimal", "NaN", "bad_value", "not a number"),
    ("decimal", "١٢", "bad_value", "not a number"),
    ("decimal", "9" * 70, "bad_value", "not a number"),
    ("decimal", True, "bad_value", "true is not a number."),
    ("decimal", D("1E+40"), "bad_value", "out of range"),
    ("integer", "2.5", "bad_value", "2.5 is not a whole number."),
    ("integer", {}, "bad_value", "An object is not a number."),
    ({"round": {"digits": 2, "mode": "up"}}, "2.5", "bad_value", "use decimal before"),
    ("negate", "1", "bad_value", "use decimal before"),
    ("sum", [1, None], "bad_value", "Line 2 has no number."),
    ("sum", "12", "bad_value", "no list of numbers"),
    ("sum", [1, "x"], "bad_value", '"x" is not a number'),
    ({"money": "yen"}, D("100.5"), "too_precise", "100.5 JPY has more than 0 decimals."),
    ({"money": "euro"}, 1, "currency", '"EURO" is no ISO 4217 code.'),
    ({"money": "none"}, 1, "currency", "no currency"),
    ({"money": "EUR"}, "1,50", "bad_value", "not a number"),
    ({"from_minor": "EUR"}, "1234", "bad_value", "use integer before"),
    ({"from_minor": "none"}, 1234, "currency", "no currency"),
    ({"to_minor": "EUR"}, D("1.234"), "too_precise", "more than 2 decimals"),
    ("boolean", "X", "bad_value", '"X" is neither in true nor in false.'),
    ("boolean", 1, "bad_value", "neither"),
    ("invert", "true", "bad_value", "use boolean before"),
    ("date", "31.02.2026", "bad_value", '"31.02.2026" is no date in iso.'),
    ("date", "2026-02-31", "bad_value", "no date in iso"),
    ("date", 20261103, "bad_value", "no date in iso"),
    ("date", "2026-11-03T23:30:00Z", "no_zone", "name one in the row or the connection"),
    ({"date": "DD.MM.YYYY"}, "1.2.2026", "bad_value", "no date in DD.MM.YYYY"),
    ({"date": {"epoch": "s", "zone": "UTC"}}, 10**25, "bad_value", "no date"),
    ("datetime", "2026-11-03T23:30:00", "no_zone", "The time has no zone; name one"),
    ("datetime", "2026-11-03", "bad_value", "a date without a time"),
    (
        {"datetime": {"zone": "Europe/Berlin"}},
        "2026-03-29T02:30:00",
        "bad_value",
        "does not exist in Europe/Berlin",
    ),
    ({"add_days": 1}, "2026-01-01", "bad_value", "use date before"),
    ({"add_days": 1}, date.max, "bad_value", "out of range"),
    ({"map": "codes"}, "9999", "no_map_entry", '"9999" has no entry in "Codes".'),
    ({"map": "codes"}, "400", "no_map_entry", '"400"'),
    ({"map": "gone"}, "1", "no_map_entry", 'no value map "gone"'),
    ({"map": "codes"}, True, "bad_value", "no code"),
    ({"map": {"name": "pair", "with": ["company"]}}, "64", "no_map_entry", '"10, 64"'),
]


@pytest.mark.parametrize(("call", "value", "wanted"), GOOD)
def test_a_transform_gives_exactly_this(call: object, value: Any, wanted: Any) -> None:
    got = run(call, value)

    assert got == wanted
    assert type(got) is type(wanted)
    assert str(got) == str(wanted) or isinstance(wanted, datetime)


@pytest.mark.parametrize(("call", "value", "reason", "text"), BAD)
def test_a_value_that_does_not_fit_is_held(
    call: object, value: Any, reason: str, text: str
) -> None:
    with pytest.raises(HeldError) as held:
        run(call, value)

    assert held.value.reason == reason
    assert text in held.value.text


SIMPLEST: dict[str, object] = {
    "case": {"case": "upper"},
    "replace": {"replace": {"old": "a"}},
    "max_length": {"max_length": 5},
    "pad": {"pad": 5},
    "split": {"split": ","},
    "join": {"join": ","},
    "round": {"round": {"digits": 2, "mode": "up"}},
    "money": {"money": "EUR"},
    "from_minor": {"from_minor": "EUR"},
    "to_minor": {"to_minor": "EUR"},
    "add_days": {"add_days": 1},
    "map": {"map": "codes"},
}


def test_there_are_25_transforms() -> None:
    assert len(TRANSFORMS) == 25


@pytest.mark.parametrize("name", sorted(TRANSFORMS.keys() - {"default"}))
@pytest.mark.parametrize("empty", [None, ""])
def test_null_and_empty_text_pass_by_every_transform(name: str, empty: object) -> None:
    assert run(SIMPLEST.get(name, name), empty) == empty


def test_the_connections_zone_is_used_where_the_row_names_none() -> None:
    assert run("date", "2026-11-03T23:30:00Z", run=VIENNA) == date(2026, 11, 4)
    assert run("datetime", "2026-11-03T12:00:00", run=VIENNA).utcoffset() == timedelta(hours=1)


def test_a_doubled_local_time_is_the_earlier_one() -> None:
    got = run({"datetime": {"zone": "Europe/Berlin"}}, "2026-10-25T02:30:00")

    assert got.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_system_may_count_minor_units_its_own_way() -> None:
    own = Systems(source_digits={"UGX": 2}, destination_digits={"UGX": 2})

    assert run({"from_minor": "UGX"}, 500, systems=own) == D("5.00")
    assert run({"to_minor": "UGX"}, D(5), systems=own) == 500
    assert run({"to_minor": "UGX"}, D(5)) == 5


def test_a_missing_entry_waits_for_its_map_and_code() -> None:
    with pytest.raises(HeldError) as held:
        run({"map": "loose"}, " Net 90 ")

    assert held.value.wait_key == "map:loose:net 90"


BAD_CALLS = [
    ("regex", "unknown transform"),
    ({"trim": {"colapse": True}}, 'no argument "colapse"'),
    ({"trim": {"collapse": "yes"}}, "true or false"),
    ("max_length", "max_length.n is missing"),
    ({"max_length": "21"}, "an integer"),
    ({"max_length": 0}, "out of range"),
    ({"case": "title"}, "one of upper, lower"),
    ({"pad": {"width": 3, "fill": "ab"}}, "one character"),
    ({"split": ""}, "a text"),
    ({"round": {"digits": 2}}, "round.mode is missing"),
    ({"decimal": {"point": ",", "thousands": ","}}, "two different marks"),
    ({"date": {"zone": "Middle/Earth"}}, "no time zone"),
    ({"date": "D.M.YYYY"}, "a format is written with"),
    ({"date": "HH:mm"}, "year, month and day"),
    ({"boolean": {"true": ["1"], "false": ["1"]}}, "stands in true and in false"),
    ({"default": None}, "default.value is missing"),
    ({"default": [1]}, "default.value must be"),
    ({"sum": 1}, "takes no single argument"),
    ({"trim": {}, "text": {}}, "an object with one name"),
    (5, "a transform is a name"),
]


@pytest.mark.parametrize(("call", "text"), BAD_CALLS)
def test_a_badly_written_transform_is_refused(call: object, text: str) -> None:
    with pytest.raises(ArgumentError, match=text):
        read_call(call)
