"""Which systems there are: those of the catalogue, and those that people uploaded."""

import difflib
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol

from connector.systems.errors import UnknownSystem
from connector.systems.load import load_file, load_system
from connector.systems.spec import System

CATALOGUE = Path(__file__).parent / "catalogue"


class Uploaded(Protocol):
    """Where uploaded descriptions are kept."""

    def text(self, name: str) -> str | None: ...

    def names(self) -> Iterable[str]: ...


_uploaded: list[Uploaded] = []


def register_source(source: Uploaded) -> None:
    """Adds a place where uploaded descriptions are kept; asked after the catalogue, in order."""
    if source not in _uploaded:
        _uploaded.append(source)


def get(name: str) -> System:
    """The system of this name.

    Raises UnknownSystem, naming what is near, and SpecError if an uploaded one is not right.
    """
    shipped = catalogue().get(name)
    if shipped is not None:
        return shipped
    for source in _uploaded:
        text = source.text(name)
        if text is not None:
            return _parsed(text, f"{name}.yaml")
    near = difflib.get_close_matches(name, names(), 3)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise UnknownSystem(f'There is no system "{name}" here{hint}')


def names() -> list[str]:
    """The names of all systems, sorted."""
    uploaded = (name for source in _uploaded for name in source.names())
    return sorted({*catalogue(), *uploaded})


@cache
def catalogue() -> dict[str, System]:
    """The shipped systems by name; read once. Raises SpecError if one is not right."""
    files = sorted(CATALOGUE.glob("*.yaml"))
    return {file.stem: load_file(file) for file in files}


@lru_cache(maxsize=64)
def _parsed(text: str, filename: str) -> System:
    return load_system(text, filename)
