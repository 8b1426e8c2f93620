"""manage.py practice; what it does is in tests/walks"""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from appliance.home import Home


@pytest.mark.parametrize("home", [None, "a home that quickstart did not make"])
def test_it_touches_no_box_but_a_practice_box(
    settings: Settings, tmp_path: Path, home: str | None
) -> None:
    settings.HOME = Home(tmp_path) if home else None

    with pytest.raises(CommandError, match=r"no practice box. Run: manage\.py quickstart"):
        call_command("practice")

    assert not list(tmp_path.iterdir())
