"""The processes of a box on one machine: started in order, stopped together, none left behind."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance.home import ENV, Home
from appliance.orphans import ends_with_parent

STOP_S = 25.0
PASSED_ON = tuple(f"CONNECTOR_{name}" for name in ("LOG_LEVEL", "WORKERS", "SLICE_S", "LEASE_S"))
ROOT = Path(__file__).resolve().parent.parent.parent


class ChildFailed(Exception):
    """A process of the box could not be started, or ended; names its log."""


@dataclass(slots=True)
class Children:
    """What this box has started, in order. Each writes its own log file."""

    home: Home
    started: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)

    def run(self, name: str, command: Sequence[str], *, process: str) -> None:
        """Run something to its end.

        Raises:
            ChildFailed: it ended with anything but 0; with the end of what it said.
        """
        done = subprocess.run(
            [sys.executable, *command],
            env=environment(self.home, process),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ChildFailed(f"{name} failed: {(done.stderr or done.stdout).strip()[-2_000:]}")

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        process: str,
        extra: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start something that stays. It dies with this process, however that ends."""
        with (self.home.log / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, *command],
                env={**environment(self.home, process), **(extra or {})},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=ends_with_parent(signal.SIGTERM),
            )
        self.started.append((name, child))
        return child

    def start_saying(
        self, name: str, command: Sequence[str], *, seconds: float = 20.0
    ) -> dict[str, object]:
        """Start something that prints one line of JSON when it is ready, and answer that line.

        Raises:
            ChildFailed: it ended, or said nothing in time.
        """
        with (self.home.log / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, *command],
                env=environment(self.home, "none"),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                preexec_fn=ends_with_parent(signal.SIGTERM),
            )
        self.started.append((name, child))
        assert child.stdout is not None
        ready, _, _ = select.select([child.stdout], [], [], seconds)
        line = child.stdout.readline() if ready else b""
        if not line.startswith(b"{"):
            raise ChildFailed(f"{name} did not start; see {self.home.log / f'{name}.log'}")
        said: dict[str, object] = json.loads(line)
        return said

    def dead(self) -> str | None:
        """The name of one that has ended, or None."""
        return next((name for name, child in self.started if child.poll() is not None), None)

    def stop(self) -> None:
        """Stop all, the last started first; kill what does not come to its end in time."""
        for _, child in reversed(self.started):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        for _, child in reversed(self.started):
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            if child.stdout:
                child.stdout.close()
        self.started.clear()


def environment(home: Home, process: str) -> dict[str, str]:
    """What a child sees: the home and its part, and nothing else of ours that could change it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABASE_", "CONNECTOR_", "DJANGO_"))
        or name
        in ("CONNECTOR_LOG_LEVEL", "CONNECTOR_WORKERS", "CONNECTOR_SLICE_S", "CONNECTOR_LEASE_S")
    }
    return {
        **kept,
        ENV: str(home.path),
        "CONNECTOR_PROCESS": process,
        "DJANGO_SETTINGS_MODULE": "appliance.settings",
        "PYTHONUNBUFFERED": "1",
    }
