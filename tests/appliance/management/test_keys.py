"""manage.py keys"""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from appliance.management.commands import keys

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[3]
WORDS = "correct horse battery"


def _run(*words: str | Path) -> str:
    out = StringIO()
    call_command("keys", *(str(word) for word in words), stdout=out)
    return out.getvalue()


def test_init_status_and_recover_from_an_empty_directory(tmp_path: Path) -> None:
    """In a process of its own, as on a machine where there is no database and no setting yet."""
    home, file = tmp_path / "home", tmp_path / "passphrase"
    home.mkdir(mode=0o700)
    file.write_text(f"{WORDS}\n")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}

    def manage(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "keys", *map(str, words)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    made = manage("init", "--home", home, "--passphrase-file", file)
    again = manage("init", "--home", home, "--passphrase-file", file)
    kit = (home / "recovery.kit").rename(tmp_path / "recovery.kit")
    (home / "worker.keyring").rename(tmp_path / "old.keyring")
    (home / "web.keyring").unlink()
    restored = manage("recover", "--home", home, "--kit", kit, "--passphrase-file", file)
    told = manage("status", "--home", home)

    assert (made.returncode, made.stderr) == (0, "")
    assert again.returncode == 3
    assert "has keys already" in again.stderr
    assert (restored.returncode, restored.stderr) == (0, "")
    assert (told.returncode, told.stderr) == (0, "")
    assert "worker  vault     open" in told.stdout
    assert "web     vault     open" not in told.stdout
    assert (home / "worker.keyring").read_bytes() == (tmp_path / "old.keyring").read_bytes()
    assert WORDS not in made.stdout + again.stderr + restored.stdout + told.stdout


def test_a_passphrase_typed_twice_differently_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter([WORDS, "correct horse batterz"])
    monkeypatch.setattr(keys, "getpass", lambda prompt: next(typed))

    with pytest.raises(CommandError, match="two passphrases differ"):
        _run("init", "--home", tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_short_passphrase_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "getpass", lambda prompt: "short")

    with pytest.raises(CommandError, match="at least 12 characters"):
        _run("init", "--home", tmp_path)


def test_a_directory_that_is_not_there_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="mkdir -m 700"):
        _run("status", "--home", tmp_path / "none")


def test_without_a_home_it_asks_which_box() -> None:
    with pytest.raises(CommandError, match="Which box"):
        _run("status")


def test_status_of_an_empty_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no keyring at"):
        _run("status", "--home", tmp_path)
