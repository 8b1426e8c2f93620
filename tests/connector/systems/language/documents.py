"""The descriptions that the tests read, change and load."""

import copy
from pathlib import Path
from typing import Any

import yaml

from connector.systems import registry, yaml_reader
from connector.systems.load import load_system
from connector.systems.spec import System

SPECS = Path(__file__).parents[1] / "specs"
FILES = {file.stem: file for file in sorted(SPECS.glob("*.yaml"))} | {
    "tryton": registry.CATALOGUE / "tryton.yaml"
}


def document(name: str) -> dict[str, Any]:
    """The plain values of a description, free to be changed."""
    value, _ = yaml_reader.read(FILES[name].read_text(encoding="utf-8"), f"{name}.yaml")
    assert isinstance(value, dict)
    return copy.deepcopy(value)


def changed(name: str, path: list[str | int], *value: Any) -> dict[str, Any]:
    """A description with one value put in, or (without a value) one key taken out."""
    whole = document(name)
    node: Any = whole
    for key in path[:-1]:
        node = node[key]
    if value:
        node[path[-1]] = value[0]
    else:
        del node[path[-1]]
    return whole


def load(whole: dict[str, Any]) -> System:
    """The spec of changed values, by way of a text as an author would write it."""
    return load_system(text_of(whole), f"{whole['name']}.yaml")


def text_of(whole: dict[str, Any]) -> str:
    """The values as YAML in which every text is quoted."""
    return yaml.dump(_quoted(whole), sort_keys=False, allow_unicode=True, width=10_000)


class _Quoted(str):
    pass


def _quoted(value: Any) -> Any:
    if isinstance(value, dict):
        return {_Quoted(key): _quoted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_quoted(item) for item in value]
    return _Quoted(value) if isinstance(value, str) else value


yaml.add_representer(
    _Quoted,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"'),
)
