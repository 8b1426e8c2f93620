"""A description from its text: strict reading, shape, cross-checks, then the frozen spec."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from connector.systems import crosscheck, schema
from connector.systems.build import build
from connector.systems.errors import Problem, SpecError
from connector.systems.spec import System
from connector.systems.yaml_reader import Lines, YamlError, read

MOST_PROBLEMS = 50


def load_system(text: str, filename: str, schemes: Collection[str] | None = None) -> System:
    """The spec of a description. `filename` stands in the errors and must be `<name>.yaml`.

    `schemes` are the webhook signature schemes that exist; None leaves them unchecked.
    Raises SpecError with every problem (of the first stage that has any).
    """
    try:
        document, lines = read(text, filename)
    except YamlError as error:
        raise SpecError([Problem(filename, error.line, "(top)", error.text)]) from None
    if isinstance(document, dict):
        version = document.get("format")
        if isinstance(version, int) and not isinstance(version, bool) and version > 1:
            newer = f"format {version} is newer than this box understands"
            _refuse([(("format",), newer)], filename, lines)
    _refuse(schema.problems(document), filename, lines)
    assert isinstance(document, dict)
    _refuse(_name(document, filename), filename, lines)
    _refuse(crosscheck.problems(document, schemes), filename, lines)
    return build(document)


def load_file(path: Path, schemes: Collection[str] | None = None) -> System:
    """The spec of a file. Raises SpecError, also for bytes that are not UTF-8, and OSError."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SpecError([Problem(path.name, 1, "(top)", "the file is not UTF-8 text")]) from None
    return load_system(text, path.name, schemes)


def _name(document: dict[str, Any], filename: str) -> Iterable[tuple[tuple[str, ...], str]]:
    if Path(filename).stem != document["name"]:
        yield ("name",), f'name is "{document["name"]}" but the file is {filename}'


def _refuse(
    found: Iterable[tuple[tuple[str | int, ...], str]], filename: str, lines: Lines
) -> None:
    problems = {
        Problem(filename, lines.near(path), ".".join(map(str, path)) or "(top)", text)
        for path, text in found
    }
    if problems:
        ordered = sorted(problems, key=lambda one: (one.line, one.path, one.text))
        raise SpecError(ordered[:MOST_PROBLEMS])
