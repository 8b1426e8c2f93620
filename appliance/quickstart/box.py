"""Starting and stopping a box in a home: database, keys, practice systems, web, worker."""

import base64
import fcntl
import json
import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.database import embedded
from appliance.home import Home
from appliance.keyrings.create import create_keyrings
from appliance.quickstart.children import ChildFailed, Children
from connector.crypto import mac

BILLS = 320
READY_S = 30.0


class CannotStart(Exception):
    """The box does not start; says why and what to do. Nothing of it is left running."""


@dataclass(frozen=True, slots=True)
class Box:
    """A running box: how it is reached, and its processes."""

    home: Home
    url: str
    children: Children


@contextmanager
def running_box(home: Home, *, port: int, bills: int = BILLS) -> Iterator[Box]:
    """Start a box and stop every process of it at the end.

    Args:
        home: made if it does not exist; a box that was there before goes on.
        port: of the console on 127.0.0.1; 0 takes a free one.
        bills: that a new practice ERP has.

    Raises:
        CannotStart: the home is somebody else's, in use or open to others, or the
            port is taken.
    """
    _refuse_foreign(home)
    home.create()
    with _alone(home):
        port = _free_port(port)
        home.refuse_unsafe_modes()
        home.practice_mark.touch(mode=0o600)
        if not home.keyring("web").exists():
            create_keyrings(home.path, passphrase=None)
        url = f"http://127.0.0.1:{port}"
        server = embedded.start(home)
        children = Children(home)
        try:
            children.run("prepare", ["manage.py", "prepare"], process="owner")
            systems = _practice_systems(children, bills)
            _write_state(home, {"url": url, "pid": str(os.getpid()), **systems})
            children.start("web", gunicorn(port), process="web")
            children.start("worker", ["manage.py", "work"], process="worker")
            _wait_for(url, children)
            yield Box(home, url, children)
        finally:
            children.stop()
            server.stop()
            home.state_file.unlink(missing_ok=True)


def _practice_systems(children: Children, bills: int) -> dict[str, str]:
    """Start ERP and AP ledger; answer where they are and where their keys lie."""
    home = children.home
    secret = home.secrets / "webhook"
    if not secret.exists():
        descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("whsec_" + base64.b64encode(mac.random_bytes(32)).decode())
    said: dict[str, str] = {}
    for name in ("erp", "ap"):
        folder = home.path / "practice-systems" / name
        folder.mkdir(parents=True, exist_ok=True)
        command = ["-m", "connector.sandbox", name, "--home", str(folder)]
        command += ["--port", str(_kept_port(folder))]
        if name == "erp":
            command += ["--bills", str(bills)]
            command += ["--webhook-secret-file", str(secret)]
        ready = children.start_saying(name, command)
        (folder / "port").write_text(str(ready["url"]).rpartition(":")[2])
        said |= {f"{name}_url": str(ready["url"]), f"{name}_keys": str(ready["keys"])}
    return said


def _kept_port(folder: Path) -> int:
    """The port that the system had before, so that its connection stays right; else any."""
    kept = folder / "port"
    port = int(kept.read_text()) if kept.exists() else 0
    return port if port and _is_free(port) else 0


def gunicorn(port: int) -> list[str]:
    """The command that serves the console on loopback."""
    address = f"127.0.0.1:{port}"
    return ["-m", "gunicorn", "-c", "python:appliance.gunicorn_conf", "--bind", address]


def _wait_for(url: str, children: Children) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        dead = children.dead()
        if dead:
            log = children.home.log / f"{dead}.log"
            raise ChildFailed(f"{dead} ended at once; its last words are in {log}")
        try:
            with urllib.request.urlopen(f"{url}/health/live", timeout=2):  # noqa: S310  # nosec B310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise ChildFailed(f"the console did not answer at {url} within {READY_S:.0f} s")


def _refuse_foreign(home: Home) -> None:
    """A directory with other things in it is not made a box of."""
    if not home.path.exists():
        return
    if not home.path.is_dir():
        raise CannotStart(f"{home.path} is a file. Give a directory with --home.")
    if any(home.path.iterdir()) and not home.run.is_dir():
        raise CannotStart(f"{home.path} holds other things. Give an empty directory with --home.")
    if any(home.path.iterdir()) and not home.practice_mark.exists():
        raise CannotStart(
            f"{home.path} is the home of a box that quickstart did not make. Leave it alone."
        )


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One quickstart a home."""
    with (home.run / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"A box is running in {home.path} already. Stop it, or give another --home."
            ) from None
        yield


def _free_port(port: int) -> int:
    if port and not _is_free(port):
        raise CannotStart(f"Port {port} is in use. Give another with --port, or --port 0 for any.")
    if port:
        return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _write_state(home: Home, state: dict[str, str]) -> None:
    home.state_file.write_text(json.dumps(state))
    home.state_file.chmod(0o600)
