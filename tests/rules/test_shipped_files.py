"""Every file that is shipped as data is read by the code that will read it"""

from pathlib import Path

import pytest

from connector.flows.flow_yaml import parse
from connector.systems import load
from connector.webhooks import schemes
from tests.rules.tree import ROOT, modules, name

CATALOGUE = sorted((ROOT / "connector/systems/catalogue").glob("*.yaml"))
SCHEMES = sorted((ROOT / "connector/webhooks/schemes").glob("*.yaml"))
QUICKSTART = sorted((ROOT / "appliance/quickstart/files").glob("*.yaml"))
COMMANDS = [
    file.stem
    for file in modules("appliance/management/commands")
    if file.stem != "__init__" and not file.stem.startswith("_")
]


@pytest.mark.parametrize("file", CATALOGUE, ids=lambda file: file.stem)
def test_a_system_of_the_catalogue_loads(file: Path) -> None:
    assert load.load_file(file).name == file.stem


@pytest.mark.parametrize("name_", [file.stem for file in SCHEMES])
def test_a_signature_scheme_loads(name_: str) -> None:
    assert schemes.get(name_) is not None


def test_the_files_of_quickstart_are_one_document() -> None:
    folder = ROOT / "appliance/quickstart/files"

    document = parse({file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()})

    assert document.connections
    assert document.flows


def test_every_shipped_yaml_is_one_of_these() -> None:
    shipped = {
        name(file)
        for folder in ("connector", "appliance")
        for file in (ROOT / folder).rglob("*.y*ml")
    }

    known = {name(file) for file in (*CATALOGUE, *SCHEMES, *QUICKSTART)}
    assert shipped == known


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_tests(command: str) -> None:
    assert (ROOT / f"tests/appliance/management/test_{command}.py").is_file()
