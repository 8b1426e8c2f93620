"""connector.flows.credential_rows"""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.flows.credential_rows import ImportRefused, parse

HEAD = "connection,field,value\n"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
NAME = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True)


def read(text: str, *, is_csv: bool = False) -> list[tuple[int, str, str, str, str]]:
    rows = parse(text, is_csv=is_csv)
    return [(r.line, r.connection, r.name, r.value.reveal(), r.expires) for r in rows]


def refused(text: str, *, is_csv: bool = False) -> list[str]:
    with pytest.raises(ImportRefused) as error:
        parse(text, is_csv=is_csv)
    return [str(one) for one in error.value.problems]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("BOOKS__KEY=plain", "plain"),
        ("export BOOKS__KEY=plain", "plain"),
        ("BOOKS__KEY=with = and # inside", "with = and # inside"),
        ("BOOKS__KEY= a space ", " a space "),
        ("BOOKS__KEY='it is \"kept\" \\n'", 'it is "kept" \\n'),
        ('BOOKS__KEY="one\\ntwo \\"q\\" \\\\"', 'one\ntwo "q" \\'),
        ("BOOKS__KEY=", ""),
        ("BOOKS__KEY=carriage\r", "carriage"),
    ],
)
def test_an_assignment_is_taken_as_it_stands(line: str, value: str) -> None:
    assert read(f"# a note\n\n{line}\n") == [(3, "BOOKS", "KEY", value, "")]


def test_csv_keeps_lines_within_quotes_and_says_where_a_row_begins() -> None:
    text = HEAD.strip() + ',expires\nbooks,pem,"-----BEGIN\nAAAA\n",2027-03-31\nerp,key,k,\n'

    assert read(text, is_csv=True) == [
        (2, "books", "pem", "-----BEGIN\nAAAA\n", "2027-03-31"),
        (5, "erp", "key", "k", ""),
    ]


@pytest.mark.parametrize(
    ("text", "is_csv", "says"),
    [
        ("", False, "line 1: there is no row"),
        (HEAD, True, "line 1: there is no row"),
        ("hunter2", False, "line 1: it is not CONNECTION__FIELD=value"),
        ("A__B=ok\nKEY=hunter2", False, "line 2: it is not"),
        ('A__B="hunter2', False, "line 1: its quotes"),
        ("A__B='hunter2' '", False, "line 1: its quotes"),
        ('A__B="hunter2\\x"', False, "line 1: its quotes"),
        ("books,key,hunter2\n", True, "line 1: the columns are"),
        ("connection,field,value,value\n", True, "line 1: the columns are"),
        (f"{HEAD}books,key,hunter2,more\n", True, "line 2: 3 columns"),
        (f"{HEAD}books,key\n", True, "line 2: 3 columns"),
        (f'{HEAD}books,key,"hunter2\n', True, "line 2: it is not CSV"),
        (f'{HEAD}books,key,"hunter2"x\n', True, "line 2: it is not CSV"),
        (f"{HEAD}books,key,{'x' * 200_000}\n", True, "line 2: it is not CSV"),
        ("A__B=c\n" * 5_001, False, "line 5001: more than 5000"),
    ],
)
def test_what_is_no_row_is_named_by_its_line_and_not_repeated(
    text: str, is_csv: bool, says: str
) -> None:
    found = refused(text, is_csv=is_csv)

    assert says in found[0]
    assert "hunter2" not in "".join(found)


@given(st.lists(st.tuples(NAME, NAME, TEXT), min_size=1, max_size=5))
def test_what_a_csv_writer_wrote_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([("connection", "field", "value"), *rows])

    assert [row[1:4] for row in read(out.getvalue(), is_csv=True)] == rows


@given(st.text(max_size=200), st.booleans())
def test_whatever_it_is_it_is_read_or_refused_without_repeating_it(text: str, is_csv: bool) -> None:
    canary = "Zq7Zq7Zq7"
    try:
        parse(f"{text}{canary}\n{canary}", is_csv=is_csv)
    except ImportRefused as error:
        assert canary not in str(error)
