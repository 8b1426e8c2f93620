"""Transforms of money: money, from_minor, to_minor. The currency is a path or an ISO 4217 code."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from connector.flows.mapping.currencies import DIGITS, digits_of
from connector.flows.mapping.decimals import EXACT, MODES, ROUNDED, fit_scale, to_decimal
from connector.flows.mapping.errors import bad_value
from connector.flows.mapping.paths import Path
from connector.flows.mapping.scope import Scope
from connector.flows.mapping.transforms.declare import (
    Apply,
    Arg,
    Args,
    Systems,
    Transform,
    always,
    kinds,
)
from connector.flows.mapping.types import INTEGER, MONEY, TEXT_LIKE, Kind

CurrencyOf = Callable[[Scope], Any]


def currency_reader(currency: Path) -> CurrencyOf:
    """`EUR` is the code itself, `currency` and `$record.currency` are paths."""
    if currency.text in DIGITS:
        code = currency.text
        return lambda scope: code
    return currency.read


def _money(args: Args, systems: Systems) -> Apply:
    currency, over = currency_reader(args["currency"]), systems.destination_digits
    mode = MODES.get(args["round"])

    def apply(value: Any, scope: Scope) -> Decimal:
        number, code = to_decimal(value), currency(scope)
        digits = digits_of(code, over)
        if mode:
            return number.quantize(Decimal(1).scaleb(-digits), rounding=mode, context=ROUNDED)
        return fit_scale(number, digits, code)

    return apply


def _from_minor(args: Args, systems: Systems) -> Apply:
    currency, over = currency_reader(args["currency"]), systems.source_digits

    def apply(value: Any, scope: Scope) -> Decimal:
        if not isinstance(value, int) or isinstance(value, bool):
            raise bad_value("Minor units are a whole number; use integer before.", value)
        return EXACT.scaleb(to_decimal(value), -digits_of(currency(scope), over))

    return apply


def _to_minor(args: Args, systems: Systems) -> Apply:
    currency, over = currency_reader(args["currency"]), systems.destination_digits

    def apply(value: Any, scope: Scope) -> int:
        code = currency(scope)
        digits = digits_of(code, over)
        return _minor(fit_scale(to_decimal(value), digits, code), digits)

    return apply


def _minor(amount: Decimal, digits: int) -> int:
    return int(amount.scaleb(digits, context=EXACT))


_CURRENCY: Mapping[str, Arg] = {"currency": Arg("currency", required=True)}

TRANSFORMS = {
    "money": Transform(
        TEXT_LIKE | kinds(Kind.INTEGER, Kind.DECIMAL, Kind.MONEY),
        always(MONEY),
        _money,
        {**_CURRENCY, "round": Arg("choice", default="none", choices=("none", *MODES))},
        "currency",
    ),
    "from_minor": Transform(kinds(Kind.INTEGER), always(MONEY), _from_minor, _CURRENCY, "currency"),
    "to_minor": Transform(kinds(Kind.MONEY), always(INTEGER), _to_minor, _CURRENCY, "currency"),
}
