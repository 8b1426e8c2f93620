"""Static types along a row: what its source gives, what each transform makes of it (M04 to M14)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connector.flows.mapping.braces import Hole
from connector.flows.mapping.calc import Formula
from connector.flows.mapping.conditions import ORDER, Condition, Test, read_moment
from connector.flows.mapping.context import StaticContext
from connector.flows.mapping.currencies import DIGITS
from connector.flows.mapping.links import Link
from connector.flows.mapping.path_types import UnknownFieldError, head, item_of, type_of
from connector.flows.mapping.paths import Path
from connector.flows.mapping.shape import Call, Choose, Constant, Each, First, Source
from connector.flows.mapping.types import (
    ANY,
    BOOLEAN,
    DATE,
    DATETIME,
    DECIMAL,
    NUMBERS,
    TEXT,
    TEXT_LIKE,
    FieldType,
    Kind,
    of_constant,
    union,
)

Note = Callable[[str, str], None]
_RUN = FieldType(Kind.OBJECT, fields={"date": DATE, "started_at": DATETIME})
_ANY_OR_NULL = (Kind.ANY, Kind.NULL)


@dataclass(slots=True)
class Chains:
    """The types that rows see. `earlier` grows as rows are checked; `in_line` is inside a list."""

    context: StaticContext
    item: FieldType
    record: FieldType
    note: Note
    warn: Note
    earlier: set[str] = field(default_factory=set)
    in_line: bool = False
    in_check: bool = False

    def path(self, path: Path) -> FieldType:
        base = {
            "": self.item,
            "record": self.record,
            "out": FieldType(Kind.OBJECT, fields=self.context.fields),
            "run": _RUN,
        }.get(path.base, ANY)
        if path.base == "record" and not (self.in_line or self.in_check):
            self.note("M14", "$record is for lines and checks; here write the path alone.")
        if path.base == "out" and not self.in_check and head(path.tree) not in self.earlier:
            self.note("M14", f"{path.text} is not mapped yet: its row must stand before.")
            return ANY
        try:
            return type_of(path.tree, base)
        except UnknownFieldError as error:
            self.note("M04", f"{error} ({path.text}).")
            return ANY

    def source(self, source: Source, do: Sequence[Call]) -> FieldType:
        """The type that a source gives; `do` stands behind it (for M12)."""
        match source:
            case Constant(value=value):
                return of_constant(value)
            case First(paths=paths):
                return union([self.path(path) for path in paths])
            case Formula(paths=paths, divides=divides):
                self.numbers(paths)
                if divides and not any(_rounds(call) for call in do):
                    self.note("M12", "A division needs round, or money with round, behind it.")
                return DECIMAL
            case Link():
                return self.link(source)
            case Choose(arms=arms):
                return union(
                    [self._arm(arm.when, arm.source, (*arm.do, *do), arm.do) for arm in arms]
                )
            case Each(path=path):
                return self.path(path)
        for part in source.parts:
            if isinstance(part, Hole):
                found = self.path(part.path)
                if found.kind in (Kind.LIST, Kind.OBJECT, Kind.BOOLEAN):
                    self.note("M05", f"{part.path.text} is {found}: it can't stand in a text.")
        return TEXT

    def _arm(
        self, when: Condition | None, source: Source, behind: Sequence[Call], do: Sequence[Call]
    ) -> FieldType:
        self.condition(when)
        return self.chain(self.source(source, behind), do)

    def numbers(self, paths: Sequence[Path]) -> None:
        for path in paths:
            found = self.path(path)
            kind = item_of(found).kind if found.kind is Kind.LIST else found.kind
            if kind not in NUMBERS | {Kind.TEXT, Kind.ANY}:
                self.note("M05", f"{path.text} is {found}, not a number.")

    def link(self, link: Link) -> FieldType:
        context = self.context
        streams = context.back_streams if link.back else context.streams
        objects = context.back_objects if link.back else context.objects
        ends = "destination", "source"
        if streams is not None and link.stream not in streams:
            self.note("M09", f'The {ends[not link.back]} has no stream "{link.stream}".')
        elif objects is not None and link.object not in objects:
            self.note("M09", f'The {ends[link.back]} has no object "{link.object}".')
        elif context.filled is not None and (link.stream, link.object) not in context.filled:
            text = f"No enabled flow and no adoption links {link.stream} with {link.object} yet."
            self.warn("M09", text)
        for path in link.paths:
            if path.base == "out":
                self.note("M14", "The key of a link can't come from $out: links are asked first.")
            found = self.path(path)
            if found.kind not in TEXT_LIKE | {Kind.INTEGER, Kind.ANY}:
                self.note("M09", f"{path.text} is {found}: a key is text or integer.")
        return FieldType(Kind.ID, to="" if link.back else link.object)

    def chain(self, before: FieldType, calls: Sequence[Call]) -> FieldType:
        for call in calls:
            if before.kind not in call.transform.takes and before.kind not in _ANY_OR_NULL:
                self.note("M05", f"{call.name} can't take {before}.")
            if before.kind is Kind.LIST and item_of(before).kind is Kind.OBJECT:
                self.note("M05", f"{call.name} needs a list of plain values.")
            self._arguments(call, before)
            before = (
                self._map(call, before)
                if call.name == "map"
                else call.transform.gives(before, call.args)
            )
        return before

    def _arguments(self, call: Call, before: FieldType) -> None:
        currency = call.args.get("currency")
        if isinstance(currency, Path) and currency.text not in DIGITS:
            text = currency.text
            looks_like_code = len(text) == 3 and text.isascii() and text.isupper()
            if looks_like_code or self.path(currency).kind not in TEXT_LIKE | {Kind.ANY}:
                self.note("M10", f"{text} is neither a currency code nor a path to one.")
        instant = before.kind in (Kind.DATETIME, Kind.ANY, Kind.INTEGER)
        if call.name == "date" and instant and not (call.args["zone"] or self.context.zone):
            self.note("M11", "The date of an instant needs a zone, in the row or the connection.")

    def _map(self, call: Call, before: FieldType) -> FieldType:
        others = [self.path(path) for path in call.args["with"]]
        name, shape = call.args["name"], self.context.map_shape(call.args["name"])
        if shape is None:
            self.note("M08", f'There is no value map "{name}".')
            return ANY
        if len(others) + 1 != len(shape.keys):
            self.note("M08", f'"{name}" has {len(shape.keys)} key columns; see "with".')
        kind = Kind(shape.value)
        if shape.unknown == "pass" and before.kind not in (kind, Kind.ANY, Kind.TEXT):
            self.note("M08", f'"{name}" passes what it does not know, but {before} is no {kind}.')
        default = call.args["default"]
        if default is not None and isinstance(default, str) is (kind is Kind.INTEGER):
            self.note("M08", f"The default is no {kind}.")
        values = sorted(shape.values | ({default} if isinstance(default, str) else set()))
        known = tuple(values) if shape.values and shape.unknown == "hold" else ()
        return FieldType(kind, values=known, max=max(map(len, known), default=None))

    def condition(self, condition: Condition | None) -> None:
        for test in condition.tests if condition else ():
            found = self.path(test.path)
            constants = test.constant if isinstance(test.constant, list) else [test.constant]
            if test.op in ("empty", "filled") or found.kind is Kind.ANY:
                continue
            for constant in constants:
                if not _comparable(found, test, constant):
                    self.note(
                        "M15", f"{test.path.text} is {found}: {constant!s} is of another kind."
                    )


def _rounds(call: Call) -> bool:
    return call.name == "round" or (call.name == "money" and call.args["round"] != "none")


def _comparable(found: FieldType, test: Test, constant: object) -> bool:
    if constant is None:
        return True
    kind = of_constant(constant).kind
    if found.kind in NUMBERS:
        return kind in (Kind.INTEGER, Kind.DECIMAL)
    if found.kind is Kind.ENUM and found.values:
        return constant in found.values or test.op == "starts_with"
    if found.kind in TEXT_LIKE:
        # "12" gt 5 is compared as a number.
        return kind is Kind.TEXT or (test.op in ORDER and kind is not BOOLEAN.kind)
    if found.kind in (Kind.DATE, Kind.DATETIME):
        moment = read_moment(constant) if isinstance(constant, str) else None
        return moment is not None and isinstance(moment, datetime) is (found.kind is Kind.DATETIME)
    return found.kind is kind
