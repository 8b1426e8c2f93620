"""manage.py export"""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


def export(*options: str) -> str:
    out = StringIO()
    call_command("export", *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def box(files: Path) -> None:
    call_command("apply", str(files), stdout=StringIO())


@pytest.mark.usefixtures("box")
def test_a_folder_that_was_written_is_the_box(tmp_path: Path) -> None:
    said = export("--to", str(tmp_path / "out"))

    out = StringIO()
    call_command("apply", str(tmp_path / "out"), "--check", stdout=out)
    assert out.getvalue() == "nothing to do\n"
    assert {Path(line).name for line in said.splitlines()} == {
        file.name for file in (tmp_path / "out").iterdir()
    }


@pytest.mark.usefixtures("box")
def test_without_a_folder_the_text_is_printed() -> None:
    assert export("--only", "flows/bills-to-ap").startswith("format: 1\n")


def test_an_empty_box_is_a_file_too() -> None:
    assert export() == "format: 1\n"


@pytest.mark.usefixtures("box")
def test_what_is_not_there_ends_with_3() -> None:
    with pytest.raises(CommandError, match="there is no flows/absent") as ended:
        export("--only", "flows/absent")

    assert ended.value.returncode == 3
