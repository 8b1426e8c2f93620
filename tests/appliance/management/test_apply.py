"""manage.py apply"""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from connector.flows.models import Flow
from tests.appliance.conftest import change

pytestmark = pytest.mark.django_db


def apply(path: Path, *options: str) -> str:
    out = StringIO()
    call_command("apply", str(path), *options, stdout=out)
    return out.getvalue()


def test_each_change_is_a_line(files: Path) -> None:
    said = apply(files)

    assert "create    flows/bills-to-ap" in said
    assert len(said.splitlines()) == 6


def test_a_second_time_it_says_so(files: Path) -> None:
    apply(files)

    assert apply(files) == "nothing to do\n"


def test_a_check_of_a_box_that_differs_ends_with_2_and_changes_nothing(files: Path) -> None:
    with pytest.raises(CommandError, match="differs") as ended:
        apply(files, "--check")

    assert ended.value.returncode == 2
    assert not Flow.objects.exists()


def test_a_check_of_a_box_that_is_so_ends_well(files: Path) -> None:
    apply(files)

    assert apply(files, "--check") == "nothing to do\n"


def test_a_mistake_ends_with_3_and_its_place(files: Path) -> None:
    line = change(files / "flows.yaml", "object: vendor}", "object: vendour}")

    with pytest.raises(CommandError) as ended:
        apply(files)

    assert ended.value.returncode == 3
    assert "flows.yaml:" in str(ended.value)
    assert "Nothing was changed." in str(ended.value)
    assert line > 0
    assert not Flow.objects.exists()


def test_a_path_that_is_not_there_ends_with_3(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no") as ended:
        apply(tmp_path / "absent")

    assert ended.value.returncode == 3
