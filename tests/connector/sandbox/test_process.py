"""The practice systems as processes of their own."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

COMMAND = (sys.executable, "-m", "connector.sandbox")


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def stats(ready: dict[str, Any]) -> Any:
    token = json.loads(Path(ready["keys"]).read_text())["admin_token"]
    request = Request(ready["url"] + "/admin/stats", headers={"Authorization": f"Bearer {token}"})
    with urlopen(request, timeout=5) as answer:
        return json.load(answer)


def test_it_says_where_it_answers_and_ends_on_sigterm(tmp_path: Path) -> None:
    with started("erp", "--home", str(tmp_path), "--bills", "10") as (process, ready):
        assert (ready["system"], ready["pid"]) == ("erp", process.pid)
        assert stats(ready)["bills"] == 10
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert process.stderr
        assert process.stderr.read() == ""
    with pytest.raises(URLError):
        stats(ready)


def test_its_secrets_are_for_its_owner_only_and_stay(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with started("ap", "--home", str(home), "--vendors", "2") as (_, ready):
        assert stats(ready)["vendors"] == 2
        first = Path(ready["keys"]).read_text()
    assert stat.S_IMODE(Path(ready["keys"]).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    with started("ap", "--home", str(home)) as (_, ready):
        assert Path(ready["keys"]).read_text() == first
        assert stats(ready)["vendors"] == 2


def test_what_it_prints_holds_no_secret(tmp_path: Path) -> None:
    with started("erp", "--home", str(tmp_path), "--bills", "0") as (_, ready):
        held = json.loads(Path(ready["keys"]).read_text())
        secrets = [held[name] for name in ("client_secret", "password", "admin_token")]
        assert not any(secret in json.dumps(ready) for secret in secrets)


def test_it_ends_when_the_process_that_started_it_is_gone(tmp_path: Path) -> None:
    starter = (
        "import subprocess, sys; p = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE,"
        " text=True); print(p.stdout.readline(), flush=True)"
    )
    line = subprocess.run(
        [sys.executable, "-c", starter, *COMMAND, "ap", "--home", str(tmp_path)],
        capture_output=True, text=True, check=True, timeout=20,
    ).stdout  # fmt: skip
    pid = json.loads(line)["pid"]
    end = time.monotonic() + 10
    while time.monotonic() < end and running(pid):
        time.sleep(0.05)
    assert not running(pid)


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_wrong_start_is_said_in_one_sentence(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("plain")
    for wrong in (
        ("--faults", '{"fire": 1}'),
        ("--webhook-url", "http://127.0.0.1:9/", "--webhook-secret-file", str(secret)),
        ("--webhook-url", "http://127.0.0.1:9/"),
        ("--webhook-secret-file", str(tmp_path / "nothing")),
    ):
        done = subprocess.run(
            [*COMMAND, "erp", "--home", str(tmp_path / "erp"), *wrong],
            capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr.startswith("The practice system cannot start: ")
        assert "Traceback" not in done.stderr
