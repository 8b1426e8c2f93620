"""What must not stand in the code, and what must not be lost in it"""

import ast
import re

from tests.rules.tree import PRODUCT, modules, name, nodes, read, texts

LOOK_UPS = {"filter", "exclude", "get", "Q", "annotate", "aggregate", "extra", "raw", "alias"}
# written with [x] so that this file does not find itself
LATER = re.compile(r"(?:#|//|/\*|<!--).*\b(?:TOD[O]|FIXM[E]|XX[X])\b")
OF_A_MACHINE = re.compile(
    r"/roo[t]/[\w.]|/hom[e]/[a-z]+/|/wor[k]/[\w.]|/User[s]/[a-z]|/opt/pyp[i]"
    r"|pyp[i]\.org|python[h]osted|(?<!emit-)index-ur[l][ =]\S|registry\.n[p]mjs"
)
MARKUP = re.compile(
    r"\|\s*safe\b|\bsafeseq\b|autoescape off|\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']"
    r"|javascript:|<script(?![^>]*\ssrc=)"
)


def test_nothing_is_left_for_later() -> None:
    found = _lines_with(LATER)

    assert found == []


def test_no_machine_and_no_registry_is_named() -> None:
    found = _lines_with(OF_A_MACHINE)

    assert found == []


def test_names_from_outside_never_become_a_condition_of_a_query() -> None:
    """`filter(**given)` lets whoever chooses the names ask for any column of any table."""
    found = [
        f"{name(file)}:{call.lineno} {ast.unparse(call)[:80]}"
        for file in modules(*PRODUCT)
        for call in nodes(file)
        if isinstance(call, ast.Call)
        and _called(call) in LOOK_UPS
        and any(word.arg is None and not _is_closed(word.value) for word in call.keywords)
    ]

    assert found == []


def test_templates_escape_everything_and_hold_no_script_or_style() -> None:
    found = [
        f"{name(file)}:{number} {line.strip()[:80]}"
        for file in texts()
        if file.suffix == ".html"
        for number, line in enumerate(read(name(file)).splitlines(), 1)
        if MARKUP.search(line)
    ]

    assert found == []


def test_no_text_is_declared_safe_in_python() -> None:
    found = [
        name(file)
        for file in modules(*PRODUCT)
        if re.search(r"\bmark_safe\b|\bSafeString\(|\bdef __html__", read(name(file)))
    ]

    assert found == []


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name(file)}:{number} {line.strip()[:80]}"
        for file in texts()
        for number, line in enumerate(read(name(file)).splitlines(), 1)
        if pattern.search(line)
    ]


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _is_closed(value: ast.expr) -> bool:
    """A dict that is written out where it is used: its names are ours."""
    return isinstance(value, ast.Dict) and all(isinstance(key, ast.Constant) for key in value.keys)
