"""connector.flows.mapping.value_maps and currencies"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.flows.mapping.currencies import DIGITS, digits_of
from connector.flows.mapping.errors import HeldError
from connector.flows.mapping.scope import NO_RUN, Scope
from connector.flows.mapping.transforms import TRANSFORMS
from connector.flows.mapping.transforms.arguments import read_call
from connector.flows.mapping.transforms.declare import Systems
from connector.flows.mapping.value_maps import (
    MapShape,
    ValueMapError,
    read_csv,
    shipped,
    value_map,
)

ONE = MapShape(("code",))
TWO = MapShape(("company", "account"))


def test_codes_of_a_csv_keep_their_zeros() -> None:
    text = '\ufeffcode,value,note\r\n0400,a,"pens, paper"\r\n6400,b,\r\n'

    assert read_csv(text, ONE) == [(("0400",), "a"), (("6400",), "b")]


def test_a_csv_may_have_semicolons_and_several_keys() -> None:
    assert read_csv("company;account;value\n10;0400;x\n", TWO) == [(("10", "0400"), "x")]


def test_values_of_an_integer_map_are_integers() -> None:
    shape = MapShape(("code",), value="integer")

    assert read_csv("code,value\na,-30\n", shape) == [(("a",), -30)]
    with pytest.raises(ValueMapError, match="row 2: the value is no integer"):
        read_csv("code,value\na,3.5\n", shape)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("value,code\na,b\n", "the first line must be code,value"),
        ("code,value\na\n", "row 2 has 1 cells, not 2"),
        ('code,value\n"a,b\n', "line"),
        ("code,value\n" + "a,b\n" * 100_001, "more than 100,000 rows"),
    ],
)
def test_a_bad_csv_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueMapError, match=message):
        read_csv(text, ONE)


def test_keys_that_fold_alike_are_refused() -> None:
    rows = [(("Net 30",), "a"), ((" NET 30",), "b")]

    assert len(value_map(ONE, rows).entries) == 2
    with pytest.raises(ValueMapError, match="stands twice"):
        value_map(MapShape(("code",), ignore_case=True), rows)


@pytest.mark.parametrize(
    ("name", "key", "wanted"),
    [
        ("std/country-iso2", "DEU", "DE"),
        ("std/country-iso2", "276", "DE"),
        ("std/country-iso2", " germany ", "DE"),
        ("std/country-iso3", "gb", "GBR"),
        ("std/currency-numeric", "EUR", "978"),
        ("std/currency-code", "978", "EUR"),
        ("std/currency-code", "jpy", "JPY"),
        ("std/language", "deu", "de"),
        ("std/language", "FR", "fr"),
        ("std/country-iso2", "UK", None),
    ],
)
def test_a_shipped_map_knows(name: str, key: str, wanted: str | None) -> None:
    assert shipped()[name].get((key,)) == wanted


def test_the_shipped_lists_are_whole() -> None:
    assert len(shipped()["std/country-iso2"].shape.values) == 249
    assert len(shipped()["std/language"].shape.values) == 184
    assert len(DIGITS) >= 165
    by_digits = {n: {code for code, digits in DIGITS.items() if digits == n} for n in (0, 3, 4)}
    assert " ".join(sorted(by_digits[3])) == "BHD IQD JOD KWD LYD OMR TND"
    assert " ".join(sorted(by_digits[4])) == "CLF UYW"
    assert " ".join(sorted(by_digits[0])) == (
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
    )


@pytest.mark.parametrize("code", ["EURO", "eur", "", None, 978, "XXX", True])
def test_what_is_no_currency_is_held(code: Any) -> None:
    with pytest.raises(HeldError) as held:
        digits_of(code)

    assert held.value.reason == "currency"


@given(st.sampled_from(sorted(DIGITS)), st.integers(-(10**18), 10**18))
def test_minor_units_come_back_in_every_currency(code: str, minor: int) -> None:
    scope = Scope({}, {}, NO_RUN, {}, {})
    into = TRANSFORMS["from_minor"].make(read_call({"from_minor": code})[1], Systems())
    back = TRANSFORMS["to_minor"].make(read_call({"to_minor": code})[1], Systems())

    amount = into(minor, scope)

    assert -amount.as_tuple().exponent == DIGITS[code]
    assert back(amount, scope) == minor
