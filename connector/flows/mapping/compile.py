"""From a mapping as written to one that runs, once per flow version."""

from collections.abc import Iterable, Mapping, Sequence

from connector.flows.mapping import checks
from connector.flows.mapping.compiled import CompiledMapping, LinkPlace
from connector.flows.mapping.context import StaticContext
from connector.flows.mapping.declare import read_mapping
from connector.flows.mapping.errors import Level, MappingError
from connector.flows.mapping.paths import Read
from connector.flows.mapping.rows import compile_rows
from connector.flows.mapping.shape import Call, Choose, Each, RowDecl
from connector.flows.mapping.walk import links_of

__all__ = ["StaticContext", "compile_mapping"]


def compile_mapping(mapping: Mapping[str, object], *, context: StaticContext) -> CompiledMapping:
    """Read, check and compile a mapping. Warnings stand in `findings` of the result.

    Raises:
        MappingError: with every finding at once.
    """
    decl = read_mapping(mapping)
    checks.check(decl, context)
    if any(finding.level is Level.ERROR for finding in decl.findings):
        raise MappingError(decl.findings)
    return CompiledMapping(
        condition=decl.filter,
        rows=compile_rows(decl.rows, dict(context.fields), context.systems),
        checks=decl.checks,
        places=tuple(_places(decl.rows, None)),
        modes={row.target: row.mode for row in decl.rows if row.mode != "overwrite"},
        maps=frozenset(_maps(decl.rows)),
        tests=decl.tests,
        source=context.source,
        findings=tuple(decl.findings),
    )


def _places(rows: Sequence[RowDecl], each: Read | None) -> Iterable[LinkPlace]:
    for row in rows:
        if isinstance(row.source, Each):
            yield from _places(row.source.rows, row.source.path.read)
        for link in links_of(row.source):
            yield LinkPlace(link, each)


def _maps(rows: Sequence[RowDecl]) -> Iterable[str]:
    for row in rows:
        if isinstance(row.source, Each):
            yield from _maps(row.source.rows)
        for call in _calls(row):
            if call.name == "map":
                yield call.args["name"]


def _calls(row: RowDecl) -> Iterable[Call]:
    yield from row.do
    if isinstance(row.source, Choose):
        for arm in row.source.arms:
            yield from arm.do
