"""What fits on a screen can be reviewed: files, functions, names, first lines"""

import ast
from pathlib import Path

import pytest

from tests.rules.tree import PRODUCT, modules, name, nodes, parsed, read

FILE_LINES = 300
TEST_FILE_LINES = 600  # a test file is a list of sentences; it is read one by one
FUNCTION_LINES = 52  # without its docstring
GRAB_BAGS = {"utils", "util", "helpers", "helper", "services", "common", "misc", "extras"}


@pytest.mark.parametrize(
    ("folder", "most"), [*((f, FILE_LINES) for f in PRODUCT), ("tests", TEST_FILE_LINES)]
)
def test_no_file_holds_two_things(folder: str, most: int) -> None:
    lines = {name(file): len(read(name(file)).splitlines()) for file in modules(folder)}

    assert {file: count for file, count in lines.items() if count > most} == {}


def test_a_function_fits_on_a_screen() -> None:
    long = [
        f"{name(file)}:{function.lineno} {function.name} has {_lines(function)} lines"
        for file in modules(*PRODUCT, "tests")
        for function in nodes(file)
        if isinstance(function, ast.FunctionDef) and _lines(function) > FUNCTION_LINES
    ]

    assert long == []


def test_every_module_says_what_it_is_in_its_first_line() -> None:
    silent = [
        name(file)
        for file in modules(*PRODUCT, "tests")
        if parsed(file).body and not _first_line(file)
    ]

    assert silent == []


def test_no_module_is_a_grab_bag() -> None:
    named = [
        part for file in modules(*PRODUCT) for part in name(file).removesuffix(".py").split("/")
    ]

    assert GRAB_BAGS & set(named) == set()


def _lines(function: ast.FunctionDef) -> int:
    first = function.body[0]
    docstring = (
        (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(function) is not None else 0
    )
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def _first_line(file: Path) -> str:
    return (ast.get_docstring(parsed(file)) or "").split("\n")[0].strip()
