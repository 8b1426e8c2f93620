"""connector.flows.mapping.paths and braces"""

import time
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.flows.mapping.braces import Hole, split
from connector.flows.mapping.calc import compile_calc, compile_comparison
from connector.flows.mapping.errors import HeldError
from connector.flows.mapping.paths import PathError, compile_path
from connector.flows.mapping.scope import NO_RUN, RunContext, Scope

RECORD = {
    "id": 7,
    "supplier": {"id": "S-1"},
    "amount": Decimal("1180.10"),
    "lines": [{"n": Decimal("1.5"), "tags": ["a"]}, {"tags": ["b", "c"]}, {"n": 2}],
    "fees": [{"type": "fee", "n": 1}, {"type": "tax", "n": 2}, {"type": "fee"}],
    "grid": [[1, 2], [3]],
    "odd key": {"a.b": 1},
    "none": None,
}


def read(path: str, record: Any = RECORD) -> Any:
    context = RunContext(NO_RUN.started_at, NO_RUN.date, {"zone": "UTC"}, {"book": {"id": 3}})
    return compile_path(path).read(Scope(record, RECORD, context, {}, {}, {"total": 5}))


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("id", 7),
        ("supplier.id", "S-1"),
        ("supplier.id.deeper", None),
        ("missing.id", None),
        ("lines[].n", [Decimal("1.5"), None, 2]),
        ("lines[*].n", [Decimal("1.5"), None, 2]),
        ("lines[].tags[]", ["a", "b", "c"]),
        ("lines[0].n", Decimal("1.5")),
        ("lines[-1].n", 2),
        ("lines[9].n", None),
        ("fees[?type=='fee'].n", [1, None]),
        ("fees[?n > `1`].type", ["tax"]),
        ("grid[]", [1, 2, 3]),
        ('"odd key"."a.b"', 1),
        ("[id, none]", [7, None]),
        ("length(lines)", 3),
        ("not_null(none, id)", 7),
        ("none[].n", None),
        ("id[].n", None),
        ("$record.id", 7),
        ("$out.total", 5),
        ("$source.zone", "UTC"),
        ("$destination.book.id", 3),
        ("$run.date", NO_RUN.date),
        ("$record", RECORD),
    ],
)
def test_a_path_reads(path: str, wanted: Any) -> None:
    assert read(path) == wanted


def test_a_path_leaves_a_decimal_as_it_came() -> None:
    assert str(read("amount")) == "1180.10"
    assert str(read("[amount][0]")) == "1180.10"


def test_the_base_of_a_line_is_the_line() -> None:
    line = {"id": 1}

    assert (read("id", line), read("$record.id", line)) == (1, 7)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", "a path is a text"),
        ("a..b", "is not a path at character"),
        ("a[", "is not a path"),
        ("a" * 301, "longer than 300"),
        (".".join("a" * 25), "deeper than 20"),
        ("sum(lines[].n)", r"sum\(\) is not available"),
        ("sort_by(lines, &n)", "not available"),
        ("amount == `1180.10`", "fraction"),
        ('[?n == `{"a": [1.5]}`]', "fraction"),
        ("$other.id", "unknown base"),
        ("$recordid", "unknown base"),
    ],
)
def test_a_path_is_refused(path: str, text: str) -> None:
    with pytest.raises(PathError, match=text):
        compile_path(path)


def test_a_function_that_meets_another_kind_holds_the_record() -> None:
    with pytest.raises(HeldError) as held:
        read("join(',', id)")

    assert held.value.reason == "bad_value"


def test_braces_split_texts_and_paths() -> None:
    parts = split("{number} {company}/{po?}")

    shown = [p if isinstance(p, str) else (p.path.text, p.optional) for p in parts]
    assert shown == [("number", False), " ", ("company", False), "/", ("po", True)]


def test_braces_inside_a_path_stay_inside() -> None:
    (hole,) = split("{lines[?a=='}'].{b: c}}")

    assert isinstance(hole, Hole)
    assert hole.path.text == "lines[?a=='}'].{b: c}"


@pytest.mark.parametrize("text", ["{a", "a}", "{}", "{a}}", "{a..b}"])
def test_braces_that_do_not_match_are_refused(text: str) -> None:
    with pytest.raises(PathError):
        split(text)


# Far above what it takes: this tells an answer from a hang, on a busy machine as well.
HANGS_S = 5.0
_ALPHABET = "ab_.[]{}()?*&|!@=<>,:`'\"\\$-+/ 019\n\x00é"


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::SyntaxWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("compiler", [compile_path, compile_calc, compile_comparison, split])
@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet=_ALPHABET, max_size=120) | st.text(max_size=400))
def test_any_text_compiles_or_is_refused_at_once(compiler: Any, text: str) -> None:
    start = time.process_time()
    with suppress(PathError):
        compiler(text)
    assert time.process_time() - start < HANGS_S


@pytest.mark.parametrize(
    "text", ["(" * 300, "[" * 300, "a" + "[0]" * 99, "!" * 300, "a." * 149 + "a"]
)
def test_deep_paths_are_answered_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(PathError):
        compile_path(text)
    assert time.process_time() - start < HANGS_S
