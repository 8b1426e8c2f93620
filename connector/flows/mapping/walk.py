"""Walks over a mapping as written: its paths, its links, and the fields that it names."""

from collections.abc import Iterator, Mapping, Sequence

from connector.flows.mapping.braces import Hole
from connector.flows.mapping.calc import Formula
from connector.flows.mapping.links import Link
from connector.flows.mapping.paths import Path
from connector.flows.mapping.shape import Call, Choose, Constant, Each, First, RowDecl, Source
from connector.flows.mapping.types import FieldType, Kind


def target_type(fields: Mapping[str, FieldType], target: str) -> FieldType | None:
    """The field that a dotted target names, through nested objects; None if there is none."""
    first, _, rest = target.partition(".")
    found = fields.get(first)
    if found is None or not rest:
        return found
    return target_type(found.fields, rest) if found.kind is Kind.OBJECT else None


def paths_of(row: RowDecl) -> list[Path]:
    """All paths that a row reads: source, conditions of its arms, arguments of its transforms."""
    return [*_source_paths(row.source), *_call_paths(row.do)]


def _source_paths(source: Source) -> Iterator[Path]:
    match source:
        case Constant():
            return
        case First(paths=paths) | Formula(paths=paths) | Link(paths=paths):
            yield from paths
        case Choose(arms=arms):
            for arm in arms:
                if arm.when:
                    yield from (test.path for test in arm.when.tests)
                yield from _source_paths(arm.source)
                yield from _call_paths(arm.do)
        case Each(path=path, when=when):
            yield path
            if when:
                yield from (test.path for test in when.tests)
        case _:
            yield from (part.path for part in source.parts if isinstance(part, Hole))


def _call_paths(calls: Sequence[Call]) -> Iterator[Path]:
    for call in calls:
        for value in call.args.values():
            if isinstance(value, Path):
                yield value
            elif isinstance(value, tuple):
                yield from (each for each in value if isinstance(each, Path))


def links_of(source: Source) -> Iterator[Link]:
    """The links of one row, also those in its arms."""
    if isinstance(source, Link):
        yield source
    elif isinstance(source, Choose):
        for arm in source.arms:
            yield from links_of(arm.source)
