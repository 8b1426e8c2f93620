"""A compiled mapping: what a slice keeps and calls for each record of a page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import localcontext
from typing import Any

from connector.flows.mapping.calc import Comparison
from connector.flows.mapping.conditions import Condition
from connector.flows.mapping.decimals import ROUNDED, plain
from connector.flows.mapping.errors import Finding, HeldError, Reason
from connector.flows.mapping.links import Link, LinkKey
from connector.flows.mapping.outcomes import Held, Mapped, Outcome, Preview, Problem, Skipped
from connector.flows.mapping.paths import Read
from connector.flows.mapping.rows import AnyRow, Log, SkipRecordError, fill, problem_of
from connector.flows.mapping.scope import NO_RUN, NOTHING, RunContext, Scope
from connector.flows.mapping.shape import CheckDecl
from connector.flows.mapping.types import FieldType
from connector.flows.mapping.value_maps import ValueMapEntries

Maps = Mapping[str, ValueMapEntries]
Links = Mapping[LinkKey, str]


@dataclass(frozen=True, slots=True)
class LinkPlace:
    """A link, and the lines it stands in (None = the record itself)."""

    link: Link
    each: Read | None


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """Build it by `compile.compile_mapping`.

    `modes`: target field -> mode, for the rows that are not simply overwritten.
    `maps`: names of the value maps it asks. `tests`: the stored tests, as written.
    `source`: the fields of the source stream, None if it has no types.
    """

    condition: Condition | None
    rows: tuple[AnyRow, ...]
    checks: tuple[CheckDecl, ...]
    places: tuple[LinkPlace, ...]
    modes: Mapping[str, str]
    maps: frozenset[str]
    tests: tuple[Mapping[str, Any], ...]
    source: Mapping[str, FieldType] | None
    findings: tuple[Finding, ...]

    def link_keys(self, records: Iterable[object], *, run: RunContext = NO_RUN) -> set[LinkKey]:
        """All questions to the ledger that mapping these records will ask."""
        found: set[LinkKey] = set()
        for record in records:
            scope = Scope(record, record, run, NOTHING, NOTHING)
            for place in self.places:
                for inner in _lines(place.each, scope):
                    key = _key(place.link, inner)
                    if key is not None:
                        found.add(key)
        return found

    def map_record(self, record: object, *, links: Links, maps: Maps, run: RunContext) -> Outcome:
        """Map one record. Pure: nothing is asked but what is given."""
        return self._run(record, links, maps, run, Log([]))

    def preview(self, record: object, *, links: Links, maps: Maps, run: RunContext) -> Preview:
        """The same with every step of every row."""
        log = Log([], [])
        outcome = self._run(record, links, maps, run, log)
        return Preview(outcome, tuple(log.traces or ()))

    def _run(self, record: object, links: Links, maps: Maps, run: RunContext, log: Log) -> Outcome:
        scope = Scope(record, record, run, links, maps)
        with localcontext(ROUNDED):
            try:
                if self.condition is not None and not self.condition.holds(scope):
                    return Skipped("filter")
                fill(self.rows, scope, "", log, scope.out)
            except HeldError as held:
                return Held((problem_of("filter", held, None),))
            except SkipRecordError as skip:
                return Skipped(str(skip))
            if not log.problems:
                log.problems.extend(_failed(self.checks, scope))
        if log.problems:
            return Held(tuple(log.problems))
        return Mapped(scope.out, self.modes)


def _lines(each: Read | None, scope: Scope) -> Iterable[Scope]:
    if each is None:
        return (scope,)
    try:
        items = each(scope)
    except HeldError:
        return ()
    return (scope.line(item) for item in items) if isinstance(items, list) else ()


def _key(link: Link, scope: Scope) -> LinkKey | None:
    try:
        return link.key(scope)
    except HeldError:
        # The row itself will say so, with its field.
        return None


def _failed(checks: Iterable[CheckDecl], scope: Scope) -> Iterable[Problem]:
    for check in checks:
        that = check.that
        try:
            text = _difference(that, check, scope)
        except HeldError as held:
            text = held.text
        if text:
            yield Problem(check.name, Reason.CHECK_FAILED, None, text)


def _difference(that: Comparison, check: CheckDecl, scope: Scope) -> str:
    left, right = that.left(scope), that.right(scope)
    if that.holds(left, right):
        return ""
    if check.within is not None and abs(left - right) <= check.within:
        return ""
    return f"{plain(left)} on the left, {plain(right)} on the right."
