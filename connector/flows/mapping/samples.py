"""The tests that stand in a mapping: a record, and what must come of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connector.flows.mapping.compiled import CompiledMapping, Maps
from connector.flows.mapping.errors import Finding
from connector.flows.mapping.links import LinkKey
from connector.flows.mapping.outcomes import Held, Mapped, Outcome, Skipped
from connector.flows.mapping.scope import NO_RUN, RunContext
from connector.flows.mapping.typed import typed_record

_KEYS = frozenset({"name", "record", "links", "expect", "expect_held", "expect_skipped"})
_EXPECTATIONS = ("expect", "expect_held", "expect_skipped")


@dataclass(frozen=True, slots=True)
class SampleResult:
    """`differences` is empty if the test passed; each is a sentence with the field in it."""

    name: str
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


def run_samples(
    compiled: CompiledMapping,
    tests: Sequence[Mapping[str, Any]],
    maps: Maps,
    *,
    run: RunContext = NO_RUN,
) -> list[SampleResult]:
    """Run stored tests with the value maps as they are now; nothing is asked of a ledger."""
    return [
        SampleResult(str(test.get("name", f"test {n}")), tuple(_run(compiled, test, maps, run)))
        for n, test in enumerate(tests, 1)
    ]


def findings(results: Sequence[SampleResult]) -> list[Finding]:
    """M18, one for each test that failed."""
    return [
        Finding("M18", result.name, "The stored test fails: " + " ".join(result.differences))
        for result in results
        if not result.passed
    ]


def _run(
    compiled: CompiledMapping, test: Mapping[str, Any], maps: Maps, run: RunContext
) -> Iterator[str]:
    expected = [key for key in _EXPECTATIONS if key in test]
    if len(expected) != 1 or "record" not in test or set(test) - _KEYS:
        yield "A test has record, maybe links, and one of " + ", ".join(_EXPECTATIONS) + "."
        return
    record = test["record"]
    if compiled.source is not None:
        record = typed_record(record, compiled.source)
    keys = compiled.link_keys([record], run=run)
    links = _answers(test.get("links") or {}, keys)
    outcome = compiled.map_record(record, links=links, maps=maps, run=run)
    yield from _compare(expected[0], test[expected[0]], outcome)


def _answers(given: Mapping[str, Mapping[str, Any]], keys: set[LinkKey]) -> dict[LinkKey, str]:
    found = ((key, given.get(key.object, {}).get(":".join(key.parts))) for key in keys)
    return {key: str(answer) for key, answer in found if answer is not None}


def _compare(kind: str, wanted: Any, outcome: Outcome) -> Iterator[str]:
    if kind == "expect" and isinstance(outcome, Mapped):
        yield from _differences(wanted, outcome.values, "")
    elif kind == "expect_held" and isinstance(outcome, Held):
        got = sorted((problem.field, str(problem.reason)) for problem in outcome.problems)
        want = sorted((str(each.get("field")), str(each.get("reason"))) for each in wanted)
        yield from (
            f"{field} is held as {reason}." for field, reason in got if (field, reason) not in want
        )
        yield from (
            f"{field} is not held as {reason}."
            for field, reason in want
            if (field, reason) not in got
        )
    elif kind == "expect_skipped" and isinstance(outcome, Skipped):
        if wanted is not True and wanted != outcome.why:
            yield f"It is skipped by {outcome.why}."
    else:
        yield f"The record is {described(outcome)}."


def described(outcome: Outcome) -> str:
    """An outcome in words, without any value of the record."""
    match outcome:
        case Held(problems=problems):
            each = ", ".join(f"{problem.field} {problem.reason}" for problem in problems)
            return f"held: {each}"
        case Skipped(why=why):
            return f"skipped by {why}"
    return "mapped"


def _differences(wanted: Any, got: Any, place: str) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key in wanted.keys() | got.keys():
            field = f"{place}.{key}" if place else str(key)
            if key not in got:
                yield f"{field} is missing."
            elif key not in wanted:
                yield f"{field} was not expected."
            else:
                yield from _differences(wanted[key], got[key], field)
    elif isinstance(wanted, list) and isinstance(got, list):
        if len(wanted) != len(got):
            yield f"{place} has {len(got)} lines, not {len(wanted)}."
            return
        for number, (one, other) in enumerate(zip(wanted, got, strict=True)):
            yield from _differences(one, other, f"{place}[{number}]")
    elif not _same(wanted, got):
        yield f"{place} is {got!s}, not {wanted!s}."


def _same(wanted: Any, got: Any) -> bool:
    if isinstance(got, datetime) and isinstance(wanted, str):
        try:
            return datetime.fromisoformat(wanted) == got
        except (ValueError, TypeError):
            return False
    if isinstance(got, date):
        return bool(got.isoformat() == wanted)
    if isinstance(got, bool) or isinstance(wanted, bool):
        return got is wanted
    if isinstance(got, int | Decimal) and isinstance(wanted, int | Decimal):
        return got == wanted
    return type(got) is type(wanted) and bool(got == wanted)
