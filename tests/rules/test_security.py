"""SECURITY.md names, for each promise, code and tests that are there"""

import re

import pytest

from tests.rules.tree import ROOT, read

SECURITY = read("SECURITY.md")
ROWS = dict(re.findall(r"^\| (S\d+) \| (.*) \|$", SECURITY, re.MULTILINE))
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", SECURITY)


def test_every_promise_has_a_row() -> None:
    assert list(ROWS) == [f"S{number}" for number in range(1, 22)]


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_a_promise_is_held_by_a_test_or_said_not_to_be(row: str) -> None:
    assert "::test_" in row or "not there yet" in row or "no internal calls yet" in row


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_is_named_is_there(file: str, name: str) -> None:
    assert (ROOT / file).is_file()
    assert re.search(rf"^\s*def {name}\(", read(file), re.MULTILINE)
