"""appliance.env"""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from appliance import env

NAME = "CONNECTOR_SOMETHING"


@pytest.mark.parametrize(("value", "read"), [("true", True), ("false", False)])
def test_a_flag_is_one_of_two_words(
    monkeypatch: pytest.MonkeyPatch, value: str, read: bool
) -> None:
    monkeypatch.setenv(NAME, value)

    assert env.flag(NAME, default=not read) is read


@pytest.mark.parametrize("value", ["1", "yes", "True", "", " true"])
def test_anything_else_is_no_flag(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)

    with pytest.raises(ImproperlyConfigured, match=f'{NAME} must be "true" or "false"'):
        env.flag(NAME, default=False)


@pytest.mark.parametrize("value", ["0", "11", "-1", "1.5", "", "ten", "٣", " 5", "1_0"])
def test_a_number_outside_its_bounds_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(NAME, value)

    with pytest.raises(ImproperlyConfigured, match=f"{NAME} must be 1 to 10"):
        env.number(NAME, default=5, at_least=1, at_most=10)


@pytest.mark.parametrize(("value", "read"), [("1", 1), ("10", 10), ("007", 7)])
def test_both_bounds_are_allowed(monkeypatch: pytest.MonkeyPatch, value: str, read: int) -> None:
    monkeypatch.setenv(NAME, value)

    assert env.number(NAME, default=5, at_least=1, at_most=10) == read


def test_a_choice_outside_the_list_names_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "both")

    with pytest.raises(ImproperlyConfigured, match="one of web, worker"):
        env.choice(NAME, ["web", "worker"], default="web")


def test_words_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, " a.example, b.example,,")

    assert env.words(NAME, default=["c"]) == ["a.example", "b.example"]


@pytest.mark.parametrize(
    ("read", "default"),
    [
        (lambda: env.flag(NAME, default=True), True),
        (lambda: env.choice(NAME, ["a", "b"], default="b"), "b"),
        (lambda: env.number(NAME, default=3, at_least=1, at_most=9), 3),
        (lambda: env.text(NAME, default="x"), "x"),
        (lambda: env.words(NAME, default=["x"]), ["x"]),
        (lambda: env.path(NAME), None),
    ],
)
def test_what_is_not_set_has_its_default(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], object], default: object
) -> None:
    monkeypatch.delenv(NAME, raising=False)

    assert read() == default


def test_an_empty_path_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "")

    assert env.path(NAME) is None


def test_a_secret_file_is_read_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("sixteen letters!\n")

    assert env.secret_file(file) == "sixteen letters!"


def test_a_short_secret_is_refused_without_being_shown(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("hunter2\n")

    with pytest.raises(ImproperlyConfigured, match="fewer than 16") as refused:
        env.secret_file(file)
    assert "hunter2" not in str(refused.value)


def test_a_secret_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"absent can't be read"):
        env.secret_file(tmp_path / "absent")
