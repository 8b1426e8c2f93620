"""The static check of a mapping against its two ends (M02 to M18). Errors block the save."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from connector.flows.mapping.chains import Chains
from connector.flows.mapping.context import StaticContext
from connector.flows.mapping.currencies import DIGITS
from connector.flows.mapping.errors import Finding, Level
from connector.flows.mapping.path_types import item_of
from connector.flows.mapping.shape import Each, MappingDecl, RowDecl
from connector.flows.mapping.types import ANY, TEXT_LIKE, FieldType, Kind
from connector.flows.mapping.value_maps import shipped
from connector.flows.mapping.walk import links_of, target_type

Fields = Mapping[str, FieldType]
_ACCEPTS: Mapping[Kind, frozenset[Kind]] = {
    **dict.fromkeys(TEXT_LIKE, TEXT_LIKE),
    Kind.INTEGER: frozenset({Kind.INTEGER}),
    Kind.DECIMAL: frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY}),
    Kind.MONEY: frozenset({Kind.MONEY}),
    Kind.BOOLEAN: frozenset({Kind.BOOLEAN}),
    Kind.DATE: frozenset({Kind.DATE}),
    Kind.DATETIME: frozenset({Kind.DATETIME}),
    Kind.ANY: frozenset(Kind),
    Kind.LIST: frozenset({Kind.LIST}),
}


def check(decl: MappingDecl, context: StaticContext) -> None:
    """Add to `decl.findings` all that is wrong between this mapping and its context."""
    _Check(decl, context).run()


class _Check:
    def __init__(self, decl: MappingDecl, context: StaticContext) -> None:
        self.decl, self.context = decl, context
        self.row = ""
        record = ANY if context.source is None else FieldType(Kind.OBJECT, fields=context.source)
        self.header = Chains(context, record, record, self.note, self.warn)

    def note(self, code: str, text: str) -> None:
        self.add(Finding(code, self.row, text))

    def warn(self, code: str, text: str) -> None:
        self.add(Finding(code, self.row, text, level=Level.WARNING))

    def add(self, finding: Finding) -> None:
        if finding not in self.decl.findings:
            self.decl.findings.append(finding)

    def run(self) -> None:
        self.row = "filter"
        self.header.condition(self.decl.filter)
        self.rows(self.decl.rows, self.context.fields, self.header, "")
        in_check = replace(self.header, in_check=True)
        for check in self.decl.checks:
            self.row = check.name
            in_check.numbers(check.that.paths)
        self.external_reference()

    def rows(self, rows: Sequence[RowDecl], fields: Fields, chains: Chains, prefix: str) -> None:
        for row in rows:
            self.row = prefix + row.target
            self.one(row, fields, chains, prefix)
            if not prefix:
                chains.earlier.add(row.target.partition(".")[0])
        targets = {row.target for row in rows}
        for name in _missing(fields, targets, ""):
            self.row = prefix + name
            self.note("M03", "The field is required and has no row.")

    def one(self, row: RowDecl, fields: Fields, chains: Chains, prefix: str) -> None:
        target = target_type(fields, row.target)
        if target is None:
            self.note("M02", f'The object has no field "{row.target}".')
            target = ANY
        elif target.read_only:
            self.note("M02", "The field can't be written.")
        elif target.kind is Kind.OBJECT:
            self.note("M02", f"This is an object: map its parts, as {row.target}.name.")
            target = ANY
        if isinstance(row.source, Each):
            self.each(row.source, target, chains)
            return
        if target.kind is Kind.LIST and target.fields:
            self.note("M02", "This is a list: it needs each and map.")
            return
        count = len(self.decl.findings)
        found = chains.chain(chains.source(row.source, row.do), row.do)
        if len(self.decl.findings) == count:
            # A type that came out of a mistake says nothing more.
            self.fits(found, target)
        self.links(row, target)
        self.policies(row, target)
        self.currency(row, target, fields, prefix)

    def each(self, source: Each, target: FieldType, chains: Chains) -> None:
        if target.kind not in (Kind.LIST, Kind.ANY):
            self.note("M02", f"The field is {target}, not a list.")
        if source.path.base == "out":
            self.note("M14", "Lines come from the record, not from $out.")
            return
        listed = chains.path(source.path)
        if listed.kind not in (Kind.LIST, Kind.ANY):
            self.note("M05", f"{source.path.text} is {listed}, not a list.")
        inner = replace(chains, item=item_of(listed), in_line=True)
        inner.condition(source.when)
        fields = target.fields or {row.target: ANY for row in source.rows}
        self.rows(source.rows, fields, inner, f"{self.row}[].")

    def fits(self, found: FieldType, target: FieldType) -> None:
        lenient = found.kind is Kind.NULL or (found.kind is Kind.ANY and target.kind != Kind.MONEY)
        if not lenient and found.kind not in _ACCEPTS.get(target.kind, frozenset(Kind)):
            hint = "; add {money: currency}" if target.kind is Kind.MONEY else ""
            self.note("M05", f"The row gives {found}, the field is {target}{hint}.")
            return
        members = _members(target)
        for value in found.values if members else ():
            if value not in members:
                self.note("M07", f'"{value}" is no value of this field.')
        if (
            target.kind is Kind.TEXT
            and target.max
            and found.kind not in (Kind.NULL, Kind.LIST, Kind.ID)
        ):
            self.length(found, target.max)

    def length(self, found: FieldType, most: int) -> None:
        longest = max(map(len, found.values)) if found.values else found.max
        if longest is None or longest > most:
            text = f"The text may be longer than {most}; add {{max_length: {most}}}."
            self.warn("M06", text)

    def links(self, row: RowDecl, target: FieldType) -> None:
        for link in links_of(row.source):
            if target.kind not in (Kind.ID, Kind.ANY):
                self.note("M09", f"A link fills an id, and the field is {target}.")
            elif target.to and not link.back and target.to != link.object:
                self.note("M09", f"The field wants an id of {target.to}, not of {link.object}.")

    def policies(self, row: RowDecl, target: FieldType) -> None:
        if row.if_empty == "null" and not target.nullable:
            self.note("M13", "The field may not be null.")
        if row.mode == "if_empty" and not self.context.readable:
            self.note("M13", "mode if_empty needs an object that can be read.")
        identifies = target.external_reference or row.target in self.context.match
        if identifies and (row.mode == "if_empty" or row.if_empty == "omit"):
            self.note("M13", "This field identifies the record: it is always sent.")

    def currency(self, row: RowDecl, target: FieldType, fields: Fields, prefix: str) -> None:
        if target.kind is not Kind.MONEY or not target.currency or target.currency in DIGITS:
            return
        scope = row.target.rpartition(".")[0]
        beside = f"{scope}.{target.currency}" if scope else target.currency
        wanted = {f"{prefix}{beside}", prefix + target.currency, target.currency}
        if not wanted & set(_targets(self.decl.rows, "")):
            self.note("M10", f'The amount needs its currency in "{target.currency}".')

    def external_reference(self) -> None:
        mapped = {row.target for row in self.decl.rows}
        for name, each in self.context.fields.items():
            if each.external_reference and name not in mapped:
                self.row = name
                text = "Without the external reference an uncertain delivery can't be settled."
                self.warn("M18", text)


def _missing(fields: Fields, targets: set[str], prefix: str) -> Iterable[str]:
    """Required fields without a row; parts of an object count once one of them is mapped."""
    for name, each in fields.items():
        full = prefix + name
        if each.read_only:
            continue
        if each.kind is Kind.OBJECT:
            touched = any(target.startswith(full + ".") for target in targets)
            if (each.required or touched) and full not in targets:
                yield from _missing(each.fields, targets, full + ".")
        elif each.required and full not in targets:
            yield full


def _members(target: FieldType) -> frozenset[str]:
    match target.kind:
        case Kind.ENUM:
            return frozenset(target.values)
        case Kind.CURRENCY:
            return frozenset(DIGITS)
        case Kind.COUNTRY:
            return shipped()["std/country-iso2"].shape.values
    return frozenset()


def _targets(rows: Sequence[RowDecl], prefix: str) -> Iterable[str]:
    for row in rows:
        yield prefix + row.target
        if isinstance(row.source, Each):
            yield from _targets(row.source.rows, f"{prefix}{row.target}[].")
