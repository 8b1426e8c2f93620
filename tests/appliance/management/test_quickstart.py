"""manage.py quickstart: what it does not start on. The good way is in tests/walks"""

import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.home import Home
from tests.rules.tree import ROOT


def quickstart(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, with nothing of this run's database in its environment."""
    return subprocess.run(
        [sys.executable, "manage.py", "quickstart", "--home", str(home), "--once", *options],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], words: str) -> bool:
    """It ended with 1, said why in one line, and showed no traceback."""
    return done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr


@pytest.fixture
def practice(tmp_path: Path) -> Home:
    """A home as quickstart leaves it, without a database."""
    home = Home(tmp_path / "home")
    home.create()
    home.practice_mark.touch(mode=0o600)
    return home


def test_a_port_in_use_is_said_and_nothing_is_left_running(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        done = quickstart(tmp_path / "home", "--port", port, "--json")

    assert refused(done, f"Port {port} is in use. Give another with --port")
    assert done.stdout == ""
    assert not (tmp_path / "home" / "pg").exists()


def test_a_second_one_in_the_same_home_is_refused(practice: Home) -> None:
    with (practice.run / "lock").open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        done = quickstart(practice.path, "--port", "0")

    assert refused(done, f"A box is running in {practice.path} already.")
    assert not practice.pg.exists()


def test_a_home_that_others_can_look_into_is_refused(practice: Home) -> None:
    practice.path.chmod(0o755)

    done = quickstart(practice.path, "--port", "0")

    assert refused(done, "has mode 0755")
    assert "chmod 700" in done.stderr


def test_a_directory_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")

    done = quickstart(tmp_path, "--port", "0")

    assert refused(done, "holds other things")
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]


def test_a_box_that_quickstart_did_not_make_is_left_alone(practice: Home) -> None:
    practice.practice_mark.unlink()
    before = sorted(file.name for file in practice.path.rglob("*"))

    done = quickstart(practice.path, "--port", "0")

    assert refused(done, "is the home of a box that quickstart did not make")
    assert sorted(file.name for file in practice.path.rglob("*")) == before


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert refused(quickstart(tmp_path / "file"), "is a file")


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_what_is_no_port_is_refused(tmp_path: Path, port: str) -> None:
    done = quickstart(tmp_path / "home", "--port", port)

    assert done.returncode in (1, 2)
    assert "port" in done.stderr.lower()
    assert "Traceback" not in done.stderr
