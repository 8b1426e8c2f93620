"""Reads rows as written into `shape`, before any type is asked. Notes M01, M04 and M17."""

from collections.abc import Mapping
from typing import Any

from connector.flows.mapping import braces, calc, conditions
from connector.flows.mapping.errors import Finding
from connector.flows.mapping.links import Link
from connector.flows.mapping.paths import PathError, compile_path
from connector.flows.mapping.shape import (
    Arm,
    Call,
    Choose,
    Constant,
    Each,
    First,
    RowDecl,
    Source,
    Template,
)
from connector.flows.mapping.transforms import TRANSFORMS
from connector.flows.mapping.transforms.arguments import read_call
from connector.flows.mapping.transforms.declare import ArgumentError
from connector.flows.mapping.types import of_constant

SOURCES = ("from", "value", "template", "calc", "link", "choose", "each")
OPTIONS = ("do", "mode", "if_empty")
MODES = ("overwrite", "if_new", "if_empty")
IF_EMPTY = ("hold", "omit", "null", "skip")
MAX_ROWS, MAX_TRANSFORMS = 200, 40


class RefusedRowError(Exception):
    """One row can't be read; its finding is already noted."""


class RowReader:
    """Goes on after each mistake, so that one save shows all of them."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings

    def note(self, code: str, row: str, text: str, hint: str = "") -> None:
        self.findings.append(Finding(code, row, text, hint))

    def unknown(self, row: str, node: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in node:
            if key not in known:
                self.note("M01", row, f'Unknown key "{key}".', "Known: " + ", ".join(known) + ".")

    def rows(self, section: str, node: object, prefix: str) -> tuple[RowDecl, ...]:
        if not isinstance(node, dict) or not node:
            self.note("M01", section, "map needs at least one row: target field: {from: path}.")
            return ()
        if len(node) > MAX_ROWS:
            self.note("M17", section, f"More than {MAX_ROWS} rows.")
        rows = []
        for target, body in node.items():
            try:
                row = self.row(str(target), body, prefix)
            except RefusedRowError:
                continue
            if _transforms(row) > MAX_TRANSFORMS:
                self.note("M17", prefix + row.target, f"More than {MAX_TRANSFORMS} transforms.")
            rows.append(row)
        return tuple(rows)

    def row(self, target: str, node: object, prefix: str) -> RowDecl:
        name = prefix + target
        if not isinstance(node, dict):
            self.note("M01", name, "A row is an object such as {from: path}.")
            raise RefusedRowError
        each = "each" in node
        extra = ("map", "when") if each else ()
        self.unknown(name, node, (*SOURCES, *OPTIONS, *extra))
        if each and prefix:
            self.note("M01", name, "A list inside a line is not in format 1.")
            raise RefusedRowError
        mode = self.choice(name, node, "mode", MODES) or "overwrite"
        if prefix and mode != "overwrite":
            self.note("M01", name, "A line has no mode: its list is sent as a whole.")
        if each and node.get("do"):
            self.note("M01", name, "A list with rows of its own has no transforms.")
        return RowDecl(
            target,
            self.source(name, node),
            self.calls(name, node.get("do")),
            mode,
            self.choice(name, node, "if_empty", IF_EMPTY),
        )

    def choice(self, name: str, node: Mapping[str, Any], key: str, known: tuple[str, ...]) -> str:
        # `if_empty: null` is read from YAML as null itself.
        value = "null" if key in node and node[key] is None else node.get(key, "")
        if value != "" and value not in known:
            self.note("M01", name, f"{key} is one of {', '.join(known)}.")
            return ""
        return str(value)

    def source(self, name: str, node: Mapping[str, Any], *, arm: bool = False) -> Source:
        found = [key for key in SOURCES if key in node]
        if len(found) != 1 or (arm and found[0] in ("choose", "each")):
            allowed = ", ".join(SOURCES[:5] if arm else SOURCES)
            self.note("M01", name, f"A row has exactly one source: {allowed}.")
            raise RefusedRowError
        (key,) = found
        try:
            return self._source(name, key, node)
        except PathError as error:
            self.note("M04", name, f"{key}: {error}.")
            raise RefusedRowError from None

    def _source(self, name: str, key: str, node: Mapping[str, Any]) -> Source:
        value = node[key]
        match key:
            case "from":
                texts = value if isinstance(value, list) and value else [value]
                return First(tuple(compile_path(text) for text in texts))
            case "value":
                try:
                    of_constant(value)
                except TypeError as error:
                    self.note("M01", name, f"value: {error}.")
                    raise RefusedRowError from None
                return Constant(value)
            case "template":
                if not isinstance(value, str):
                    raise PathError("a template is a text")
                return Template(tuple(braces.split(value)))
            case "calc":
                return calc.compile_calc(value)
            case "link":
                return self.link(name, value)
            case "choose":
                return self.choose(name, value)
        path = compile_path(value)
        when = self.condition(name, node["when"]) if "when" in node else None
        return Each(path, when, self.rows(name, node.get("map"), f"{name}[]."))

    def link(self, name: str, node: object) -> Link:
        known = ("stream", "object", "key", "id", "missing")
        if not isinstance(node, dict) or ("key" in node) == ("id" in node):
            self.note("M01", name, "A link is {stream, object, key} or {stream, object, id}.")
            raise RefusedRowError
        self.unknown(name, node, known)
        stream, target = node.get("stream"), node.get("object")
        if not isinstance(stream, str) or not isinstance(target, str):
            self.note("M01", name, "A link names a stream and an object.")
            raise RefusedRowError
        missing = self.choice(name, node, "missing", ("hold", "null")) or "hold"
        back = "id" in node
        texts = node["id"] if back else node["key"]
        paths = [compile_path(t) for t in (texts if isinstance(texts, list) else [texts])]
        return Link(stream, target, tuple(paths), back, missing)

    def choose(self, name: str, node: object) -> Choose:
        if not isinstance(node, list) or not node:
            self.note("M01", name, "choose is a list of rows, each with when but the last.")
            raise RefusedRowError
        arms = []
        for number, arm in enumerate(node, 1):
            where = f"{name} arm {number}"
            if not isinstance(arm, dict):
                self.note("M01", where, "An arm is a row such as {when: [...], value: x}.")
                raise RefusedRowError
            self.unknown(where, arm, (*SOURCES[:5], "when", "do"))
            if "when" not in arm and number < len(node):
                self.note("M01", where, "Only the last arm may stand without when.")
            when = self.condition(where, arm["when"]) if "when" in arm else None
            arms.append(
                Arm(when, self.source(where, arm, arm=True), self.calls(where, arm.get("do")))
            )
        return Choose(tuple(arms))

    def condition(self, name: str, node: object) -> conditions.Condition | None:
        try:
            return conditions.compile_condition(node)
        except PathError as error:
            self.note("M04", name, f"{error}.")
            return None

    def calls(self, name: str, node: object) -> tuple[Call, ...]:
        if node is None:
            return ()
        if not isinstance(node, list):
            self.note("M01", name, "do is a list of transforms.")
            return ()
        calls = []
        for item in node:
            try:
                transform, args = read_call(item)
            except ArgumentError as error:
                self.note("M01", name, f"{error}.")
            except PathError as error:
                self.note("M04", name, f"{error}.")
            else:
                calls.append(Call(transform, TRANSFORMS[transform], args))
        return tuple(calls)


def _transforms(row: RowDecl) -> int:
    arms = row.source.arms if isinstance(row.source, Choose) else ()
    return len(row.do) + sum(len(arm.do) for arm in arms)
