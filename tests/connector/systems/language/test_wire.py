"""Numbers, dates, forms and JSON: every form is read as it was written, and no float appears."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connector.systems.spec_fields import DateForm, DatetimeForm, NumberForm
from connector.systems.wire import dates, decimals, forms, jsontext
from connector.systems.wire.jsontext import NotJson

ZONE = ZoneInfo("Europe/Zurich")
AMOUNTS = st.decimals(-(10**15), 10**15, places=2)
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
INSTANTS = st.datetimes(datetime(1980, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)).map(
    lambda one: one.replace(microsecond=one.microsecond // 1000 * 1000)
)
SECOND_FORMS = ("iso", "iso_offset", "no_zone", "epoch_s")


def through_json(value: Any) -> Any:
    return jsontext.decode(jsontext.encode(value))


@pytest.mark.parametrize("form", [one for one in get_args(NumberForm) if one != "minor"])
@given(
    value=st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**19), max_value=10**19, places=6
    )
)
def test_a_number_comes_back_digit_by_digit(form: NumberForm, value: Decimal) -> None:
    found = decimals.read(through_json(decimals.write(value, form)))
    assert (found, found.as_tuple().digits) == (value, value.as_tuple().digits)


@pytest.mark.parametrize(("code", "digits"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)])
@given(number=st.integers(-(10**15), 10**15))
def test_money_comes_back_from_minor_units(code: str, digits: int, number: int) -> None:
    assert decimals.digits_of(code, {}) == digits
    amount = decimals.from_minor(number, digits)
    assert decimals.write(amount, "minor", digits) == number
    assert -int(amount.as_tuple().exponent) == digits


def test_what_the_system_says_of_a_currency_goes_over_the_standard() -> None:
    assert decimals.digits_of("HUF", {}) == 2
    assert decimals.digits_of("HUF", {"HUF": 0}) == 0


def test_minor_units_are_never_rounded() -> None:
    with pytest.raises(ValueError, match="more than 2 decimal places"):
        decimals.to_minor(Decimal("1.005"), 2)
    assert decimals.to_minor(Decimal("1.500"), 2) == 150
    with pytest.raises(ValueError, match="whole number"):
        decimals.from_minor(Decimal("1.5"), 2)


def test_long_amounts_do_not_lose_digits_in_minor_units() -> None:
    long = Decimal("1234567890123456789012345678901234.56")
    assert decimals.to_minor(long, 2) == 123456789012345678901234567890123456


@pytest.mark.parametrize(
    "raw", ["1,000.50", "", "12a", "٣", "0x1", "NaN", "1e999", True, None, [], 1.5]
)
def test_what_is_not_a_number_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        decimals.read(raw)


@pytest.mark.parametrize("form", get_args(DateForm))
@given(value=DAYS)
def test_a_day_comes_back_from_every_form(form: DateForm, value: date) -> None:
    if form in ("epoch_s", "epoch_ms"):
        assume(abs(value.year - 1970) > 10)
    assert dates.read_date(through_json(dates.write_date(value, form)), form) == value


@pytest.mark.parametrize("form", get_args(DatetimeForm))
@given(value=INSTANTS)
def test_an_instant_comes_back_from_every_form(form: DatetimeForm, value: datetime) -> None:
    expected = value.replace(microsecond=0) if form in SECOND_FORMS else value
    local = expected.astimezone(ZONE)
    if form == "no_zone":
        assume(local.fold == 0)
    assert dates.read_datetime(
        through_json(dates.write_datetime(value, form, ZONE)), ZONE, form
    ) == (expected)


def test_each_form_of_a_day_and_an_instant_looks_as_it_should() -> None:
    day, instant = date(2026, 3, 9), datetime(2026, 7, 9, 8, 5, 3, 999999, tzinfo=UTC)
    assert [dates.write_date(day, form) for form in get_args(DateForm)] == [
        "2026-03-09", "20260309", "03/09/2026", "/Date(1773014400000)/", 1773014400, 1773014400000,
        {"__class__": "date", "year": 2026, "month": 3, "day": 9},
    ]  # fmt: skip
    assert [dates.write_datetime(instant, form, ZONE) for form in get_args(DatetimeForm)] == [
        "2026-07-09T08:05:03Z", "2026-07-09T08:05:03.999Z", "2026-07-09T10:05:03+02:00",
        "2026-07-09T10:05:03", "/Date(1783584303999)/", 1783584303, 1783584303999,
        {"__class__": "datetime", "year": 2026, "month": 7, "day": 9, "hour": 8, "minute": 5,
         "second": 3, "microsecond": 999999},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "instant"),
    [
        ("2026-07-09T08:05:03.1234567Z", datetime(2026, 7, 9, 8, 5, 3, 123456, tzinfo=UTC)),
        ("2026-07-09 08:05", datetime(2026, 7, 9, 6, 5, tzinfo=UTC)),
        ("2026-07-09T08:05:03+0530", datetime(2026, 7, 9, 2, 35, 3, tzinfo=UTC)),
        ("2026-07-09T08:05:03-07", datetime(2026, 7, 9, 15, 5, 3, tzinfo=UTC)),
        ("2026-07-09", datetime(2026, 7, 8, 22, 0, tzinfo=UTC)),
        ("/Date(1783584303999+0200)/", datetime(2026, 7, 9, 8, 5, 3, 999000, tzinfo=UTC)),
        ("1783584303", datetime(2026, 7, 9, 8, 5, 3, tzinfo=UTC)),
    ],
)
def test_other_ways_of_writing_an_instant_are_read(raw: object, instant: datetime) -> None:
    assert dates.read_datetime(raw, ZONE) == instant


def test_a_day_inside_a_time_is_the_day_that_is_written() -> None:
    assert dates.read_date("2026-07-09T23:30:00-07:00") == date(2026, 7, 9)


@given(
    st.text(max_size=30)
    | st.integers()
    | st.none()
    | st.booleans()
    | st.dictionaries(
        st.sampled_from(["__class__", "year", "month", "day"]),
        st.sampled_from(["date", 0, 13, None]),
    )
)
def test_what_is_not_a_date_is_a_value_error_and_nothing_else(raw: object) -> None:
    for read in (dates.read_date, lambda one: dates.read_datetime(one, ZONE)):
        try:
            assert isinstance(read(raw), date)
        except (ValueError, TypeError):
            continue


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_rounded_down_never_up(value: datetime) -> None:
    exact = (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert 0 <= exact - dates.epoch_ms(value) * 1000 < 1000


def test_a_form_writes_nested_values_with_brackets_or_by_repeating() -> None:
    value = {"a": {"b": [1, True]}, "c": [{"d": None}], "m": Decimal("1E+2"), "t": "x & y"}
    assert parse_qsl(forms.encode(value).decode(), keep_blank_values=True) == [
        ("a[b][0]", "1"), ("a[b][1]", "true"), ("c[0][d]", ""), ("m", "100"), ("t", "x & y"),
    ]  # fmt: skip
    assert forms.encode({"a": [1, 2]}, "repeat") == b"a=1&a=2"
    with pytest.raises(ValueError, match="can't be sent as repeated keys"):
        forms.encode({"a": [{"b": 1}]}, "repeat")


@given(st.dictionaries(st.text(min_size=1), st.text() | st.lists(st.text(), min_size=1)))
def test_no_value_of_a_form_becomes_another_pair(value: dict[str, Any]) -> None:
    pairs = parse_qsl(forms.encode(value, "repeat").decode(), keep_blank_values=True)
    wanted = [
        (key, one)
        for key, item in value.items()
        for one in (item if isinstance(item, list) else [item])
    ]
    assert pairs == wanted


@pytest.mark.parametrize(
    "text", ["1180.10", "0.1", "-0.00", "1e-5", "12345678901234567890.123", "1E+3"]
)
def test_a_json_number_keeps_its_digits(text: str) -> None:
    value = jsontext.decode(text)
    assert type(value) is Decimal
    assert value.as_tuple() == Decimal(text).as_tuple()
    assert Decimal(jsontext.encode(value).decode()).as_tuple() == value.as_tuple()


@pytest.mark.parametrize(
    "text", ["9" * 41, "0." + "1" * 41, "1e41", "1e-999999999", "[" + "1" * 400 + "]"]
)
def test_a_json_number_of_more_than_40_digits_is_refused(text: str) -> None:
    with pytest.raises(NotJson, match="more than 40 digits"):
        jsontext.decode(text)


def test_a_long_run_of_digits_in_a_text_is_no_number() -> None:
    assert jsontext.decode('{"token": "' + "9" * 60 + '"}') == {"token": "9" * 60}


@pytest.mark.parametrize(
    "data", [b"", b"NaN", b"{'a': 1}", b'"\xff"', b'"\\ud800"', b"[" * 100_000]
)
def test_what_is_not_json_is_refused_in_one_way(data: bytes) -> None:
    with pytest.raises(NotJson, match="not JSON"):
        jsontext.decode(data)


@pytest.mark.parametrize(
    "value", [1.5, [1.5], {"a": 1.5}, Decimal("NaN"), {1: 2}, date(2026, 1, 1)]
)
def test_what_has_no_exact_json_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        jsontext.encode(value)


@given(st.binary(max_size=60))
def test_any_bytes_are_json_or_not_json(data: bytes) -> None:
    try:
        value = jsontext.decode(data)
    except NotJson:
        return
    assert no_float(value)
    assert jsontext.decode(jsontext.encode(value)) == value


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**30), 10**30)
        | st.text()
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_what_another_program_wrote_comes_in_without_a_float(value: object) -> None:
    try:
        found = jsontext.decode(json.dumps(value))
    except NotJson:
        return
    assert no_float(found)


def no_float(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(no_float, value.values()))
    if isinstance(value, list):
        return all(map(no_float, value))
    return not isinstance(value, float)
