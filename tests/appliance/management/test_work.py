"""manage.py work; what it does is in tests/appliance/queue"""

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings


@pytest.mark.parametrize("process", ["web", "owner"])
def test_another_process_does_not_become_the_worker(settings: Settings, process: str) -> None:
    settings.PROCESS = process

    with pytest.raises(CommandError, match=f"set up as {process}"):
        call_command("work")
