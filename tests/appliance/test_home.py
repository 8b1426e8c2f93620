"""appliance.home"""

import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from appliance import home as home_module
from appliance.home import Home, current_home, take_home_option


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create()
    return made


def test_a_new_home_is_closed_to_others(home: Home) -> None:
    for part in (home.run, home.log, home.secrets):
        assert part.stat().st_mode & 0o777 == 0o700
    assert home.path.stat().st_mode & 0o066 == 0
    home.refuse_unsafe_modes()


def test_making_it_again_changes_nothing(home: Home) -> None:
    (home.secrets / "db-web").write_text("kept")
    home.path.chmod(0o700)

    home.create()

    assert (home.secrets / "db-web").read_text() == "kept"
    assert home.path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o750, 0o704, 0o770, 0o722])
def test_a_home_that_others_can_look_into_is_refused(home: Home, mode: int) -> None:
    home.path.chmod(mode)

    with pytest.raises(ImproperlyConfigured, match=rf"has mode {mode:04o}.*chmod 700"):
        home.refuse_unsafe_modes()


@pytest.mark.parametrize("name", ["secrets/db-web", "secrets/db-worker"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_secret_that_others_can_touch_is_refused(home: Home, name: str, mode: int) -> None:
    file = home.path / name
    file.write_text("secret")
    file.chmod(mode)

    with pytest.raises(ImproperlyConfigured, match=rf"{name} has mode {mode:04o}.*chmod 600"):
        home.refuse_unsafe_modes()


def test_no_home_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(home_module.ENV, raising=False)

    assert current_home() is None


@pytest.mark.parametrize(
    ("argv", "rest"),
    [
        (["manage.py", "run", "--home", "box", "bills"], ["manage.py", "run", "bills"]),
        (["manage.py", "--home=box", "run"], ["manage.py", "run"]),
    ],
)
def test_the_option_is_taken_from_any_command(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], rest: list[str]
) -> None:
    monkeypatch.setenv(home_module.ENV, "other")

    assert take_home_option(argv) == rest
    found = current_home()
    assert found is not None
    assert found.path == Path("box").resolve()


def test_without_the_option_the_variable_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(home_module.ENV, "other")

    assert take_home_option(["manage.py", "check", "--home"]) == ["manage.py", "check", "--home"]
    assert os.environ[home_module.ENV] == "other"


def test_a_noted_socket_lies_elsewhere(home: Home) -> None:
    assert home.socket == home.run

    (home.run / "socket").write_text("/tmp/short")

    assert home.socket == Path("/tmp/short")
