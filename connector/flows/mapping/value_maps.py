"""Value maps: named tables from a code to a value, and the ones that are shipped."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from connector.flows.mapping.currencies import STD

MAX_ROWS = 100_000
MAX_BYTES = 10_000_000

Entry = str | int


class ValueMapError(Exception):
    """A table that is refused: a key that stands twice, a bad header, too many rows."""


@dataclass(frozen=True, slots=True)
class MapShape:
    """What a mapping needs to know of a value map before it runs.

    Args:
        keys: names of its 1 to 3 key columns.
        value: type of its values.
        unknown: what a missing entry does; `default` gives `default`.
        values: all values, where known (for the check of enum targets).
    """

    keys: tuple[str, ...]
    value: Literal["text", "integer", "id"] = "text"
    unknown: Literal["hold", "default", "pass"] = "hold"
    default: Entry | None = None
    ignore_case: bool = False
    title: str = ""
    values: frozenset[str] = frozenset()

    def fold(self, key: str) -> str:
        return key.strip().casefold() if self.ignore_case else key


@dataclass(frozen=True, slots=True)
class ValueMapEntries:
    """A value map with its entries. Build it by `value_map`, which folds the keys."""

    shape: MapShape
    entries: Mapping[tuple[str, ...], Entry]

    def get(self, key: tuple[str, ...]) -> Entry | None:
        return self.entries.get(tuple(self.shape.fold(part) for part in key))


def value_map(shape: MapShape, rows: Iterable[tuple[tuple[str, ...], Entry]]) -> ValueMapEntries:
    """Entries of one map.

    Raises:
        ValueMapError: two keys are alike (after folding, if the map ignores case).
    """
    entries: dict[tuple[str, ...], Entry] = {}
    for key, value in rows:
        folded = tuple(shape.fold(part) for part in key)
        if folded in entries:
            raise ValueMapError(f'the key "{", ".join(key)}" stands twice')
        entries[folded] = value
    return ValueMapEntries(shape, entries)


def read_csv(text: str, shape: MapShape) -> list[tuple[tuple[str, ...], Entry]]:
    """Rows of a CSV file: header = key columns, `value` and (may be left out) `note`.

    Comma or semicolon; codes are text, so `0400` keeps its zero.

    Raises:
        ValueMapError: header, number of cells, size, or a value that is no integer.
    """
    if len(text.encode()) > MAX_BYTES:
        raise ValueMapError(f"the file is larger than {MAX_BYTES // 1_000_000} MB")
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if ";" in first else ",", strict=True)
    try:
        header, *lines = [row for row in reader if row]
    except ValueError:
        raise ValueMapError("the file is empty") from None
    except csv.Error as error:
        raise ValueMapError(f"line {reader.line_num}: {error}") from None
    wanted = [*shape.keys, "value"]
    if header not in (wanted, [*wanted, "note"]):
        raise ValueMapError(f"the first line must be {','.join(wanted)} (and note), in this order")
    if len(lines) > MAX_ROWS:
        raise ValueMapError(f"more than {MAX_ROWS:,} rows")
    return [_row(number, cells, shape, len(header)) for number, cells in enumerate(lines, 2)]


def _row(
    number: int, cells: Sequence[str], shape: MapShape, width: int
) -> tuple[tuple[str, ...], Entry]:
    if len(cells) != width:
        raise ValueMapError(f"row {number} has {len(cells)} cells, not {width}")
    key, value = tuple(cells[: len(shape.keys)]), cells[len(shape.keys)]
    if shape.value != "integer":
        return key, value
    if not value.removeprefix("-").isdecimal():
        raise ValueMapError(f"row {number}: the value is no integer")
    return key, int(value)


@cache
def shipped() -> Mapping[str, ValueMapEntries]:
    """The maps of the box, by name: `std/country-iso2` and its like.

    Countries and languages are found by any of their codes and by their English name.
    """
    countries, currencies = _table("countries.csv"), _table("currencies.csv")
    # Later rows win: XCG has taken over the number of ANG.
    by_number = {row["numeric"]: row["code"] for row in currencies}
    return {
        "std/country-iso2": _lookup("Country to ISO 3166 alpha-2", countries, "alpha2"),
        "std/country-iso3": _lookup("Country to ISO 3166 alpha-3", countries, "alpha3"),
        "std/language": _lookup("Language to ISO 639-1", _table("languages.csv"), "alpha2"),
        "std/currency-numeric": _pairs(
            "Currency to its ISO 4217 number", {row["code"]: row["numeric"] for row in currencies}
        ),
        "std/currency-code": _pairs(
            "Currency to its ISO 4217 code", {**by_number, **{c: c for c in by_number.values()}}
        ),
    }


def _table(name: str) -> list[dict[str, str]]:
    with (STD / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _lookup(title: str, rows: Sequence[Mapping[str, str]], column: str) -> ValueMapEntries:
    # From the least to the most certain: a code wins over a name that is spelled like it.
    by_key: dict[str, str] = {}
    for name in reversed(list(rows[0])):
        by_key |= {row[name].casefold(): row[column] for row in rows}
    return _pairs(title, by_key)


def _pairs(title: str, pairs: Mapping[str, str]) -> ValueMapEntries:
    shape = MapShape(
        keys=("code",), ignore_case=True, title=title, values=frozenset(pairs.values())
    )
    return value_map(shape, (((key,), value) for key, value in pairs.items()))
