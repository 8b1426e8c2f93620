"""The files of this repository, as the rules look at them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("connector", "appliance")
MADE = {
    "__pycache__",
    ".venv",
    "venv",
    ".git",
    ".home",
    ".tryton",
    ".oidc",
    ".hypothesis",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".import_linter_cache",
}
TEXTS = {".py", ".md", ".yaml", ".yml", ".toml", ".txt", ".in", ".html", ".css", ".js", ".json"}
TEXTS |= {".csv", ".svg", ".sh", ".sql", ""}


@cache
def modules(*folders: str) -> tuple[Path, ...]:
    """Python files of these folders, without migrations, which Django writes."""
    return tuple(
        file
        for folder in folders
        for file in sorted((ROOT / folder).rglob("*.py"))
        if not MADE & set(file.parts) and "migrations" not in file.parts
    )


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=name(file))


@cache
def nodes(file: Path) -> tuple[ast.AST, ...]:
    """All of a file's syntax tree, walked once for all rules."""
    return tuple(ast.walk(parsed(file)))


@cache
def texts() -> tuple[Path, ...]:
    """Every text file that is ours: vendored files are left out."""
    return tuple(sorted(_below(ROOT)))


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in MADE or ".min." in path.name:
            continue
        if path.is_dir():
            yield from _below(path)
        elif path.suffix in TEXTS:
            yield path


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
