"""manage.py leaktest: what it refuses to do. On a live box it is tried in tests/walks."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command


def test_in_production_it_asks_first(settings: Any) -> None:
    settings.MODE = "production"
    with pytest.raises(CommandError, match="--consent") as refused:
        call_command("leaktest")
    assert refused.value.returncode == 3


def test_it_begins_nothing_that_it_can_not_take_out(settings: Any, tmp_path: Path) -> None:
    settings.MODE, settings.HOME = "practice", None
    with pytest.raises(CommandError, match="owner-url-file"):
        call_command("leaktest")
    url = tmp_path / "url"
    url.write_text("postgres://owner:very-secret-words@db.example.com/connector")
    with pytest.raises(CommandError, match="sslmode=verify-full") as refused:
        call_command("leaktest", owner_url_file=url)
    assert "very-secret-words" not in str(refused.value)
