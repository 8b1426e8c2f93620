"""appliance.boot: what a box refuses to start with"""

import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from appliance import boot
from appliance.home import ENV, Home


@pytest.fixture(autouse=True)
def _a_web_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gunicorn"])
    for name in (ENV, "DATABASE_URL", "DATABASE_PASSWORD_FILE", "CONNECTOR_KEYRING_FILE"):
        monkeypatch.delenv(name, raising=False)


def refusal(**changed: Any) -> str:
    """What is wrong with a box that is right but for the changes; "" if nothing is."""
    box = {
        "mode": "production",
        "debug": False,
        "hosts": ["box.example"],
        "public_url": "https://box.example",
        "process": "web",
    }
    try:
        boot.refuse_unsafe(**{**box, **changed})
    except ImproperlyConfigured as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("process", ["web", "worker"])
def test_a_safe_box_starts(process: str) -> None:
    assert refusal(process=process) == ""


def test_debugging_is_refused() -> None:
    assert "CONNECTOR_DEBUG is on" in refusal(debug=True)


@pytest.mark.parametrize("hosts", [[], ["*"], ["box.example", "*"]])
def test_web_has_to_know_its_names(hosts: list[str]) -> None:
    assert "CONNECTOR_HOSTS must name" in refusal(hosts=hosts)
    assert refusal(hosts=hosts, process="worker") == ""


@pytest.mark.parametrize("url", ["", "http://box.example", "box.example"])
def test_web_has_to_know_where_its_links_lead(url: str) -> None:
    assert "CONNECTOR_PUBLIC_URL must be" in refusal(public_url=url)
    assert refusal(public_url=url, process="worker") == ""
    assert refusal(public_url=url, mode="practice") == ""


@pytest.mark.parametrize(
    ("hosts", "url"),
    [
        (["box.example", "other.example"], "https://box.example"),
        ([".example", "box.example"], "https://box.example"),
        ([".example"], ""),
        (["*"], ""),
        ([], ""),
    ],
)
def test_links_lead_to_the_first_name_of_the_box(hosts: list[str], url: str) -> None:
    assert boot.default_public_url(None, "production", hosts) == url
    assert boot.default_public_url(None, "practice", hosts) == ""


def test_all_that_is_wrong_is_said_at_once() -> None:
    said = refusal(debug=True, hosts=[])

    assert said.startswith("This box does not start: ")
    assert said.count("; ") >= 1


def test_the_owner_needs_no_keyring(tmp_path: Path) -> None:
    assert refusal(process="owner") == ""
    assert boot.keyring_file(Home(tmp_path), "owner") is None


@pytest.mark.parametrize("content", [None, b"", b"no keyring"])
def test_without_a_keyring_a_process_starts_with_a_passing_secret(
    content: bytes | None, tmp_path: Path
) -> None:
    """It serves nothing then; see appliance.keyrings.gate."""
    file = tmp_path / "web.keyring"
    if content is not None:
        file.touch(mode=0o600)
        file.write_bytes(content)

    assert len(boot.secret_key(file)) >= 50
    assert boot.secret_key(file) != boot.secret_key(file)


def test_commands_for_keys_ask_the_database_only_if_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    home.create()

    def engine(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["manage.py", *words])
        return str(boot.database(home, "owner")["ENGINE"]).rpartition(".")[2]

    assert engine("keys", "status") == "dummy"
    home.password_file("owner").write_text("a long enough password")
    assert engine("keys", "status") == "postgresql"
    assert engine("keys", "init") == "dummy"


def test_a_practice_box_is_not_held_to_it() -> None:
    assert refusal(mode="practice", debug=True, hosts=["*"]) == ""


@pytest.mark.parametrize(
    ("command", "process"),
    [("work", "worker"), ("migrate", "owner"), ("prepare", "owner"), ("keys", "owner")],
)
def test_a_command_knows_its_part(
    monkeypatch: pytest.MonkeyPatch, command: str, process: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["manage.py", command])

    assert boot.default_process() == process


@pytest.mark.parametrize("argv", [["gunicorn"], ["manage.py"], ["manage.py", "export"]])
def test_everything_else_is_web_s(monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", argv)

    assert boot.default_process() == "web"


def test_only_a_home_that_quickstart_marked_is_for_practice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert boot.default_mode() == "production"
    monkeypatch.setenv(ENV, str(tmp_path))
    assert boot.default_mode() == "production"

    (tmp_path / "practice").touch()

    assert boot.default_mode() == "practice"


def test_a_home_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENV, str(tmp_path / "absent"))

    with pytest.raises(ImproperlyConfigured, match=r"no box at .*absent"):
        boot.home()


def test_an_open_home_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setenv(ENV, str(tmp_path))

    with pytest.raises(ImproperlyConfigured, match="chmod 700"):
        boot.home()


def test_a_box_without_a_database_is_said() -> None:
    with pytest.raises(ImproperlyConfigured, match="No database"):
        boot.database(None, "web")


def test_the_address_of_the_database_wins_over_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = tmp_path / "password"
    password.write_text("a long enough password")
    monkeypatch.setenv("DATABASE_URL", "postgres://me@/box?host=/run/db")
    monkeypatch.setenv("DATABASE_PASSWORD_FILE", str(password))

    found = boot.database(Home(tmp_path), "web")

    assert (found["HOST"], found["PASSWORD"]) == ("/run/db", "a long enough password")


def test_the_changelog_names_the_version(tmp_path: Path) -> None:
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## [1.4.0] - 2026-11-01\n\n## 1.3.0\n")

    assert boot.version(changelog) == "1.4.0"
    changelog.write_text("# Changelog\n")
    with pytest.raises(ImproperlyConfigured, match="names no version"):
        boot.version(changelog)
