"""Currencies and their minor digits (ISO 4217)."""

import csv
from collections.abc import Mapping
from pathlib import Path

from connector.flows.mapping.errors import HeldError, Reason
from connector.flows.mapping.scope import NOTHING

STD = Path(__file__).parent / "std"


def _digits() -> dict[str, int]:
    with (STD / "currencies.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: int(row["digits"]) for row in csv.DictReader(file)}


DIGITS: Mapping[str, int] = _digits()


def digits_of(code: object, over: Mapping[str, int] = NOTHING) -> int:
    """Digits after the point of a currency; `over` holds what a system does its own way.

    Raises:
        HeldError: reason `currency`, for what is no ISO 4217 code.
    """
    if isinstance(code, str) and code in DIGITS:
        return over.get(code, DIGITS[code])
    if code is None or code == "":
        raise HeldError(Reason.CURRENCY, "The amount has no currency beside it.")
    raise HeldError(Reason.CURRENCY, f'"{code}" is no ISO 4217 code.', value=code)
