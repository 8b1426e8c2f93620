"""Reads a mapping as written: filter, rows, checks, tests. Notes M01, M16 and M17."""

from decimal import Decimal

from connector.flows.mapping import calc
from connector.flows.mapping.errors import Finding
from connector.flows.mapping.paths import PathError
from connector.flows.mapping.row_reader import RowReader
from connector.flows.mapping.shape import CheckDecl, MappingDecl

MAX_CHECKS, MAX_TESTS = 20, 50
MAX_BYTES = 256 * 1024


def read_mapping(mapping: object) -> MappingDecl:
    """Read a mapping; what is wrong with it stands in `findings` of the answer."""
    decl = MappingDecl()
    if not isinstance(mapping, dict):
        decl.findings.append(Finding("M01", "mapping", "A mapping is an object with map."))
        return decl
    reader = RowReader(decl.findings)
    reader.unknown("mapping", mapping, ("filter", "map", "checks", "tests"))
    if len(repr(mapping)) > MAX_BYTES:
        decl.findings.append(Finding("M17", "mapping", "The mapping is larger than 256 kB."))
    if mapping.get("filter") is not None:
        decl.filter = reader.condition("filter", mapping["filter"])
    decl.rows = reader.rows("map", mapping.get("map"), "")
    decl.checks = _checks(reader, mapping.get("checks") or [])
    tests = mapping.get("tests") or []
    if not isinstance(tests, list) or not all(isinstance(test, dict) for test in tests):
        decl.findings.append(Finding("M01", "tests", "tests is a list of objects."))
    else:
        decl.tests = tuple(tests)
    if len(decl.tests) > MAX_TESTS:
        decl.findings.append(Finding("M17", "tests", f"More than {MAX_TESTS} tests."))
    return decl


def _checks(reader: RowReader, node: object) -> tuple[CheckDecl, ...]:
    if not isinstance(node, list):
        reader.note("M01", "checks", "checks is a list of {name, that}.")
        return ()
    if len(node) > MAX_CHECKS:
        reader.note("M17", "checks", f"More than {MAX_CHECKS} checks.")
    checks: list[CheckDecl] = []
    for number, item in enumerate(node, 1):
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            reader.note("M01", f"check {number}", "A check is {name, that}.")
            continue
        name = item["name"]
        reader.unknown(name, item, ("name", "that", "within"))
        if any(check.name == name for check in checks):
            reader.note("M16", name, "Two checks have this name.")
        try:
            that = calc.compile_comparison(item.get("that"))
        except PathError as error:
            reader.note("M16", name, f"{error}.")
            continue
        checks.append(CheckDecl(name, that, _within(reader, name, item.get("within"), that)))
    return tuple(checks)


def _within(reader: RowReader, name: str, value: object, that: calc.Comparison) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not that.equality:
        reader.note("M16", name, "within is a number, for a check with ==.")
        return None
    return Decimal(value)
