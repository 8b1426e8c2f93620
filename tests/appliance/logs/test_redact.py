"""appliance.logs: no secret in any line, and little else missing"""

import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.logs import redact
from appliance.logs.lines import Json, Line
from appliance.logs.records import Redact, StandardError, trace
from tests.appliance.logs import corpus


def written(
    message: object, *args: object, style: logging.Formatter | None = None, **more: object
) -> str:
    record = logging.LogRecord("some.library", logging.DEBUG, "a.py", 1, message, args, None)
    vars(record).update(more)
    Redact().filter(record)
    return (style or Line()).format(record)


def test_no_line_of_the_corpus_leaks_in_any_way_it_is_logged() -> None:
    lines = corpus.secret_lines()

    assert len(lines) >= 300
    assert all(corpus.leaks(line) for line in lines)
    assert [line for line in lines if corpus.leaks(written(line))] == []
    assert [line for line in lines if corpus.leaks(written("it said %s", line))] == []
    assert [line for line in lines if corpus.leaks(written("%r", line.encode()))] == []
    assert [line for line in lines if corpus.leaks(written("x", said=line, style=Json()))] == []


def test_less_than_one_clean_line_in_a_hundred_is_changed() -> None:
    lines = corpus.clean_lines()

    changed = [line for line in lines if redact.text(line) != line[: redact.MOST]]

    assert len(lines) >= 1_000
    assert len(changed) < len(lines) / 100, changed


NAMES = st.sampled_from(corpus.NAMES)
TEXT = st.text(max_size=40)
VALUE = st.text(
    alphabet=st.characters(min_codepoint=48, max_codepoint=122, categories=["L", "N"]),
    min_size=8,
    max_size=60,
).map(lambda word: f"{corpus.CORE}{word}")


@given(before=TEXT, name=NAMES, value=VALUE, after=TEXT)
def test_what_goes_by_a_secret_name_never_survives(
    before: str, name: str, value: str, after: str
) -> None:
    for line in (
        f"{before} {name}={value}&{after}",
        f"{before} {json.dumps({name: value})} {after}",
        f"{before} { ({name: value})!r} {after}",
    ):
        assert corpus.CORE not in written(line)
    assert corpus.CORE not in written("%s", {before: [{name: value + after}]})
    assert corpus.CORE not in written("x", style=Json(), made={name: value + after})


@given(message=st.text(max_size=300))
def test_any_text_is_one_printable_line(message: str) -> None:
    line = written(message)

    assert line.isprintable()


def test_extras_by_name_and_unknown_objects_are_hidden() -> None:
    class Odd:
        def __repr__(self) -> str:
            return f"<Odd password={corpus.WORD}>"

    line = written("%s", Odd(), style=Json(), api_key=corpus.WORD, headers={"Cookie": corpus.WORD})

    assert not corpus.leaks(line)
    assert json.loads(line)["api_key"] == "***"


def test_arguments_that_do_not_fit_are_not_shown() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError(corpus.WORD)

    assert not corpus.leaks(written("%d of them", corpus.WORD))
    assert not corpus.leaks(written("%s %s", corpus.WORD))
    assert "RuntimeError" in written("%s", Broken())


def test_a_traceback_with_its_chain_and_notes_is_clean_and_has_no_locals() -> None:
    hidden = "local" + corpus.CORE
    try:
        try:
            raise ValueError(f"bad {{'password': '{corpus.WORD}'}}")
        except ValueError as first:
            first.add_note(f"Authorization: Bearer {corpus.RANDOM}")
            raise RuntimeError(f"token={corpus.WORD}") from first
    except RuntimeError:
        line = written("it failed", exc_info=sys.exc_info())

    assert not corpus.leaks(line)
    assert hidden not in line
    assert "ValueError" in line
    assert "RuntimeError" in line


def test_a_group_of_exceptions_is_clean() -> None:
    group = ExceptionGroup("two", [ValueError(f"secret={corpus.WORD}"), KeyError("x")])

    assert not corpus.leaks(trace(group))


def test_a_statement_is_logged_without_any_value() -> None:
    record = logging.LogRecord(
        *("django.db.backends", logging.DEBUG, "a.py", 1, "(%.3f) %s; args=%s; alias=%s"),
        (0.1, f"UPDATE t SET a = '{corpus.WORD}''x' WHERE b = 1", (corpus.WORD,), "default"),
        None,
    )
    vars(record).update(sql=f"... '{corpus.WORD}'", params=(corpus.WORD,))
    Redact().filter(record)

    line = Json().format(record)

    assert not corpus.leaks(line)
    assert "UPDATE t SET a = '***' WHERE b = 1" in line


def test_a_huge_message_is_cut_and_takes_no_time() -> None:
    for huge in ("a" * 5_000_000, "a.-" * 500_000, "token" * 300_000, "x" * 70_000 + corpus.WORD):
        assert len(written(huge)) < 10_000


def test_a_line_that_can_t_be_written_is_not_shown_elsewhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Closed:
        def write(self, text: str) -> None:
            raise OSError(corpus.WORD)

    handler = StandardError()
    handler.setStream(Closed())

    handler.handle(logging.LogRecord("x", 20, "a", 1, corpus.WORD, None, None))

    said = capsys.readouterr().err
    assert "could not be written (OSError)" in said
    assert not corpus.leaks(said)
