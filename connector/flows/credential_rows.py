"""Rows of a file of secrets: `connection,field,value[,expires]` as CSV, or CONNECTION__FIELD=value.

A line of the second form is taken as it stands up to its end. In double quotes \\n, \\" and \\\\
are a line break, a quote and a backslash; single quotes keep everything. CONNECTION__EXPIRES=day
gives the last day. No message here repeats anything that stands in the file.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from connector.crypto.secret import Secret

MOST_BYTES = 5_000_000
MOST_ROWS = 5_000
NEEDED = ("connection", "field", "value")
EXPIRES = "expires"
_ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z0-9_-]+?)__([A-Za-z0-9_-]+)=(.*)", re.DOTALL)
_ESCAPE = re.compile(r'\\([n"\\])')
_DOUBLE = re.compile(r'"((?:[^"\\]|\\[n"\\])*)"')


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line. `name` is one that the box knows, never one from the file."""

    line: int
    text: str
    name: str = ""

    def __str__(self) -> str:
        return f"line {self.line}: {self.name + ': ' if self.name else ''}{self.text}"


class ImportRefused(Exception):
    """Nothing was changed. All problems at once; no text holds a secret."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(one) for one in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Row:
    """One secret with the names that stand beside it."""

    line: int
    connection: str = field(repr=False)
    name: str = field(repr=False)
    value: Secret
    expires: str = field(default="", repr=False)


def parse(text: str, *, is_csv: bool) -> list[Row]:
    """The rows of a file.

    Raises:
        ImportRefused: lines that are no rows, none at all, or more than 5,000.
    """
    problems: list[Problem] = []
    rows = list((_csv_rows if is_csv else _assignments)(text, problems))
    if not rows and not problems:
        problems.append(Problem(1, "there is no row"))
    if len(rows) > MOST_ROWS:
        problems.append(Problem(rows[MOST_ROWS].line, f"more than {MOST_ROWS} rows"))
    if problems:
        raise ImportRefused(problems)
    return rows


def _csv_rows(text: str, problems: list[Problem]) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    line = 1
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if sorted({*header} - {EXPIRES}) != sorted(NEEDED) or len({*header}) != len(header):
            problems.append(
                Problem(1, "the columns are connection, field, value and, at will, expires")
            )
            return
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) == len(header):
                named = dict(zip(header, cells, strict=True))
                yield Row(
                    line,
                    named["connection"].strip(),
                    named["field"].strip(),
                    Secret(named["value"]),
                    named.get(EXPIRES, "").strip(),
                )
            elif cells:
                problems.append(Problem(line, f"{len(header)} columns are needed"))
            line = reader.line_num + 1
    except csv.Error:
        problems.append(Problem(line, "it is not CSV: a quote is not closed, or a value too long"))


def _assignments(text: str, problems: list[Problem]) -> Iterator[Row]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        line = line.removesuffix("\r")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _ASSIGNMENT.fullmatch(line.lstrip())
        if found is None:
            problems.append(Problem(number, "it is not CONNECTION__FIELD=value"))
            continue
        value = _unquoted(found[3])
        if value is None:
            problems.append(Problem(number, "its quotes are not closed, or end too early"))
            continue
        yield Row(number, found[1], found[2], Secret(value))


def _unquoted(text: str) -> str | None:
    """The value of an assignment, or None if a quote is open."""
    if text.startswith('"'):
        found = _DOUBLE.fullmatch(text.rstrip())
        return _ESCAPE.sub(lambda m: "\n" if m[1] == "n" else m[1], found[1]) if found else None
    if text.startswith("'"):
        inner = text.rstrip()[1:-1]
        closed = len(text.rstrip()) >= 2 and text.rstrip().endswith("'")
        return inner if closed and "'" not in inner else None
    return text
