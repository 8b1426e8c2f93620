"""Compiles rows into closures: read, transform, fit, and say what is wrong without stopping."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import DecimalException
from typing import Any

from connector.flows.mapping.conditions import Holds
from connector.flows.mapping.errors import HeldError, Reason, bad_value
from connector.flows.mapping.fit import Fit, fitter
from connector.flows.mapping.outcomes import FieldTrace, Problem
from connector.flows.mapping.paths import Read
from connector.flows.mapping.scope import Scope
from connector.flows.mapping.shape import Each, RowDecl
from connector.flows.mapping.sources import ChainStep, chain_of, reader_of, run_chain
from connector.flows.mapping.transforms.declare import Systems
from connector.flows.mapping.types import ANY, FieldType
from connector.flows.mapping.walk import paths_of, target_type

MISSING = object()


class SkipRecordError(Exception):
    """A row with `if_empty: skip` found nothing. The argument is its field."""


@dataclass(slots=True)
class Log:
    """What happens while one record is mapped: its problems and, for a preview, every step."""

    problems: list[Problem]
    traces: list[FieldTrace] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `keys` is its place in the result; a row that reads $out waits for no problems."""

    target: str
    keys: tuple[str, ...]
    read: Read
    chain: tuple[ChainStep, ...]
    fit: Fit
    if_empty: str
    reads_out: bool
    paths: tuple[str, ...]

    def run(self, scope: Scope, place: str, log: Log) -> Any:
        """The value of this row, or MISSING. Problems go to the log under `place` + target."""
        if self.reads_out and log.problems:
            return MISSING
        start: Any = None
        value: Any = None
        if log.traces is not None:
            scope.steps = []
        problem = None
        try:
            start = value = self.read(scope)
            value = run_chain(self.chain, value, scope)
            value = self.finish(value, place + self.target)
        except HeldError as held:
            problem = problem_of(place + self.target, held, value)
        except DecimalException:
            too_large = bad_value("The number needs more than 38 digits.")
            problem = problem_of(place + self.target, too_large, value)
        if problem is not None:
            log.problems.append(problem)
            value = MISSING
        if log.traces is not None:
            shown = None if value is MISSING else value
            name = place + self.target
            log.traces.append(
                FieldTrace(name, self.paths, start, tuple(scope.steps or ()), shown, problem)
            )
        return value

    def finish(self, value: Any, field: str) -> Any:
        if value is not None and value != "":
            return self.fit(value)
        return when_empty(self.if_empty, field)


@dataclass(frozen=True, slots=True)
class ListRow:
    """A list of lines, each with the same rows."""

    target: str
    keys: tuple[str, ...]
    read: Read
    when: Holds | None
    rows: tuple[Row, ...]
    if_empty: str
    paths: tuple[str, ...]
    least: int
    most: int

    def run(self, scope: Scope, place: str, log: Log) -> Any:
        before = len(log.problems)
        try:
            items = self.items(scope)
            if items is None:
                return when_empty(self.if_empty, self.target)
            lines = self.lines(items, scope, log)
            if len(lines) < self.least and len(log.problems) == before:
                text = f"{len(lines)} lines, at least {self.least} are needed."
                raise HeldError(Reason.REQUIRED, text)
        except HeldError as held:
            problem = problem_of(self.target, held, None)
            log.problems.append(problem)
            if log.traces is not None:
                log.traces.append(FieldTrace(self.target, self.paths, None, (), None, problem))
            return MISSING
        return lines

    def items(self, scope: Scope) -> list[Any] | None:
        items = self.read(scope)
        if items is None or items == "":
            return None
        if not isinstance(items, list):
            raise HeldError(Reason.BAD_VALUE, "This is not a list of lines.", value=None)
        if len(items) > self.most:
            text = f"{len(items)} lines, at most {self.most:,} are taken."
            raise HeldError(Reason.TOO_MANY_LINES, text, value=len(items))
        return items

    def lines(self, items: list[Any], scope: Scope, log: Log) -> list[Any]:
        out: list[Any] = []
        for item in items:
            inner, place = scope.line(item), f"{self.target}[{len(out)}]."
            try:
                if self.when is not None and not self.when(inner):
                    continue
            except HeldError as held:
                log.problems.append(problem_of(place + "when", held, None))
            out.append(fill(self.rows, inner, place, log, {}))
        return out


AnyRow = Row | ListRow


def fill(
    rows: Sequence[AnyRow], scope: Scope, place: str, log: Log, out: dict[str, Any]
) -> dict[str, Any]:
    """Run rows in order into `out`, nested by their keys."""
    for row in rows:
        value = row.run(scope, place, log)
        if value is MISSING:
            continue
        keys, at = row.keys, out
        for key in keys[:-1]:
            at = at.setdefault(key, {})
        at[keys[-1]] = value
    return out


def when_empty(policy: str, field: str) -> Any:
    match policy:
        case "omit":
            return MISSING
        case "null":
            return None
        case "skip":
            raise SkipRecordError(field)
    raise HeldError(Reason.REQUIRED, "The field is required and there is no value for it.")


def problem_of(field: str, held: HeldError, value: object) -> Problem:
    shown = value if held.value is None else held.value
    return Problem(field, held.reason, shown, held.text, held.wait_key)


def compile_rows(
    decls: Sequence[RowDecl], fields: dict[str, FieldType], systems: Systems
) -> tuple[AnyRow, ...]:
    """Closures for checked rows; `fields` are those of the object or of the line."""
    return tuple(_compile(decl, target_type(fields, decl.target) or ANY, systems) for decl in decls)


def _compile(decl: RowDecl, target: FieldType, systems: Systems) -> AnyRow:
    keys = tuple(decl.target.split("."))
    if_empty = decl.if_empty or ("hold" if target.required else "omit")
    if isinstance(decl.source, Each):
        each = decl.source
        rows = compile_rows(each.rows, dict(target.fields), systems)
        return ListRow(
            decl.target,
            keys,
            each.path.read,
            each.when.holds if each.when else None,
            tuple(row for row in rows if isinstance(row, Row)),
            if_empty,
            (each.path.text,),
            max(target.least, 1 if target.required else 0),
            target.most,
        )
    paths = paths_of(decl)
    return Row(
        decl.target,
        keys,
        reader_of(decl.source, systems),
        chain_of(decl.do, systems),
        fitter(replace(target, required=False)),
        if_empty,
        any(path.base == "out" for path in paths),
        tuple(dict.fromkeys(path.text for path in paths)),
    )
