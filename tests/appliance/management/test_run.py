"""manage.py run"""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from appliance.management.commands import run as command
from connector.flows.models import Run
from connector.jobs.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _box(files: Path) -> None:
    call_command("apply", str(files), stdout=StringIO())


def run(*options: str) -> str:
    out = StringIO()
    call_command("run", *options, stdout=out)
    return out.getvalue()


def test_a_run_is_queued_and_named() -> None:
    said = run("vendors-to-ap")

    started = Run.objects.get()
    assert said.startswith(f"run {started.pk} ")
    assert started.cause == Run.Cause.COMMAND
    assert Job.objects.filter(kind="flows.run").count() == 1


def test_a_second_call_waits_for_the_same_run() -> None:
    first = json.loads(run("vendors-to-ap", "--json"))
    second = json.loads(run("vendors-to-ap", "--json"))

    assert first["run"] == second["run"]
    assert Run.objects.count() == 1


def test_reading_everything_is_a_run_of_its_own_kind() -> None:
    run("vendors-to-ap", "--full")

    assert Run.objects.get().kind == Run.Kind.FULL


def test_the_sums_are_one_object() -> None:
    said = json.loads(run("vendors-to-ap", "--json").splitlines()[-1])

    assert set(said) == {"run", "state", *command.SUMS, "message"}


def test_a_run_that_is_not_over_in_time_is_a_failure() -> None:
    with pytest.raises(CommandError, match="the run is") as ended:
        run("vendors-to-ap", "--wait", "--seconds", "0")

    assert ended.value.returncode == 1


def test_a_flow_that_is_not_there_is_said_with_those_that_are() -> None:
    with pytest.raises(CommandError, match=r'no flow "bill".*bills-to-ap, vendors-to-ap') as ended:
        run("bill")

    assert ended.value.returncode == 3
    assert not Run.objects.exists()
