"""README.md says what is so: commands, settings, paths, and an example that works"""

import ast
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from connector.flows.models import Flow
from tests.rules.tree import ROOT, modules, nodes, read

README = read("README.md")
READERS = {"flag", "choice", "number", "text", "words", "path"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def table(heading: str) -> set[str]:
    """The first words in code of the rows below a heading."""
    part = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([\w-]+)", part, re.MULTILINE))


def test_the_check_of_a_clean_checkout_runs_the_test_command_of_the_readme() -> None:
    test = next(block.strip() for block in blocks("sh") if "pytest" in block)

    assert f"step {test}\n" in read(".ci/run")


def test_one_command_sets_up_and_runs_and_one_tests() -> None:
    setting_up = [block for block in blocks("sh") if "pip install" in block]
    testing = [block for block in blocks("sh") if "pytest" in block]

    assert [len(block.strip().splitlines()) for block in (*setting_up, *testing)] == [1, 1]
    assert "manage.py quickstart" in setting_up[0]


def test_every_setting_is_documented_and_no_other() -> None:
    assert table("Settings") == set(_variables())


def test_every_command_is_documented_and_no_other() -> None:
    commands = {
        file.stem for file in modules("appliance/management/commands") if file.stem != "__init__"
    }

    assert table("Commands") - {"manage"} == commands


@pytest.mark.parametrize("document", ["README.md", "SECURITY.md"])
def test_every_path_that_is_named_is_there(document: str) -> None:
    text = read(document)
    named = re.findall(
        r"`((?:connector|appliance|tests|static|templates|docker|\.ci)/[\w./-]*)", text
    )
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)

    assert named
    assert [path for path in (*named, *linked) if not (ROOT / path).exists()] == []


@pytest.mark.django_db
def test_the_example_can_be_applied_as_it_stands(tmp_path: Path, settings: Settings) -> None:
    (example,) = blocks("yaml")
    file = tmp_path / "vendors.yaml"
    file.write_text(example)
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in re.findall(r"\{file: ([\w-]+)\}", example):
        (secrets / name).write_text("a secret")
    settings.CONNECTOR_SECRETS_DIRECTORY = secrets
    out = StringIO()

    call_command("apply", str(file), stdout=out)
    call_command("apply", str(file), "--check", stdout=out)

    assert out.getvalue().splitlines()[-1] == "nothing to do"
    assert Flow.objects.get().slug in README


def _variables() -> Iterator[str]:
    """Names that are read from the environment, as they stand in the code."""
    yield "CONNECTOR_HOME"  # appliance.home.ENV
    for file in modules("appliance", "connector"):
        for call in nodes(file):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            name = call.args[0]
            called = ast.unparse(call.func)
            reads = called == "os.environ.get" or called in {f"env.{word}" for word in READERS}
            if reads and isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value
