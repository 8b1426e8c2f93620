"""A real Tryton with its own database: installed and filled once, started in a second from then on.

It lives in a virtual environment of its own, so that nothing of it is ever on the product's path.
What takes minutes is kept in a cache directory (`TRYTON_CACHE`, else `.tryton` in the checkout):
the environment, and the filled books as one SQLite file, of which each start gets a copy.
"""

import base64
import fcntl
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import venv
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "tryton-requirements.txt"
SETUP = HERE / "tryton_setup.py"
DATABASE, LOGIN, PASSWORD = "books", "admin", "practice-only-1"
READY_S = 60.0
STOP_S = 10.0


class CannotInstall(Exception):
    """The packages could not be had: no registry, or a package is missing from it."""


@dataclass(slots=True)
class Server:
    """The process of a Tryton; its address stays when it is started again."""

    url: str
    command: list[str | Path]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> str:
        """Start it and wait until it takes sign-ins; the session of one."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return _signed_in(self)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True)
class Tryton:
    """A running Tryton, and the calls that its own client would make."""

    server: Server
    session: str = field(repr=False)

    @property
    def url(self) -> str:
        return self.server.url

    def call(self, method: str, *params: Any) -> Any:
        """A call of JSON-RPC; amounts come and go as Decimal, days as date."""
        return _rpc(self.url, method, params, {"Authorization": f"Session {self.session}"})

    def search(
        self, model: str, domain: list[Any], *names: str, order: str = "id"
    ) -> list[dict[str, Any]]:
        """The records of a model that fit, with these fields, in order."""
        method = f"model.{model}.search_read"
        found: list[dict[str, Any]] = self.call(
            method, domain, 0, 1000, [[order, "ASC"]], list(names), {"company": 1}
        )
        return found


@contextmanager
def running_tryton(folder: Path) -> Iterator[Tryton]:
    """Start Tryton on a fresh copy of the books in `folder`, and stop it at the end.

    Raises:
        CannotInstall: there is no cached one and the registry does not give it.
    """
    program, books = _prepared(cache())
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(books, folder / f"{DATABASE}.sqlite")
    port = _free_port()
    configuration = _configuration(folder, port)
    command: list[str | Path] = [program / "trytond", "-c", configuration, "-d", DATABASE]
    server = Server(f"http://127.0.0.1:{port}", command, folder / "trytond.log")
    try:
        yield Tryton(server, server.start())
    finally:
        server.stop()


def cache() -> Path:
    """Where the environment and the filled books are kept."""
    return Path(os.environ.get("TRYTON_CACHE") or HERE.parents[1] / ".tryton")


def _prepared(kept: Path) -> tuple[Path, Path]:
    """Tryton's programs and its filled books; made at the first time, by one process alone."""
    kept.mkdir(parents=True, exist_ok=True)
    environment = kept / f"env-{_print(REQUIREMENTS)}"
    books = kept / f"books-{_print(REQUIREMENTS, SETUP)}.sqlite"
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (environment / "complete").exists():
            _install(environment)
        if not books.exists():
            _fill(environment / "bin", books)
    return environment / "bin", books


def _print(*files: Path) -> str:
    return f"{zlib.crc32(b''.join(file.read_bytes() for file in files)):08x}"


def _install(environment: Path) -> None:
    venv.create(environment, clear=True, with_pip=True)
    pip: list[str | Path] = [environment / "bin" / "pip", "--disable-pip-version-check"]
    wanted: list[str | Path] = ["install", "--quiet", "--no-deps", "-r", REQUIREMENTS]
    done = subprocess.run([*pip, *wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotInstall(f"Tryton can't be installed: {done.stderr.strip()[-600:]}")
    (environment / "complete").touch()


def _fill(program: Path, books: Path) -> None:
    """An empty database, Tryton's modules, then the books of `tryton_setup.py`."""
    with tempfile.TemporaryDirectory(dir=books.parent) as name:
        folder = Path(name)
        configuration = _configuration(folder, _free_port())
        made = folder / f"{DATABASE}.sqlite"
        made.touch()
        password = folder / "password"
        password.write_text(PASSWORD)
        modules = ["-u", "account_invoice", "--activate-dependencies"]
        admin = [program / "trytond-admin", "-c", configuration, "-d", DATABASE, *modules]
        _run([*admin, "--email", "admin@example.invalid"], TRYTONPASSFILE=str(password))
        _run([program / "python", "-W", "ignore", SETUP, configuration, DATABASE])
        made.rename(books)


def _run(command: list[Any], **variables: str) -> None:
    done = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr.strip()[-2000:]}")


def _configuration(folder: Path, port: int) -> Path:
    file = folder / "trytond.conf"
    file.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n"
        "[session]\ntimeout = 86400\n"
    )
    return file


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _signed_in(server: Server) -> str:
    """A session, as soon as the server gives one."""
    deadline = time.monotonic() + READY_S
    while True:
        try:
            login = [LOGIN, {"password": PASSWORD}]
            user, session, *_ = _rpc(server.url, "common.db.login", login, {})
            return base64.b64encode(f"{LOGIN}:{user}:{session}".encode()).decode()
        except (urllib.error.URLError, OSError) as error:
            if server.process.poll() is not None or time.monotonic() > deadline:
                last = server.log.read_text()[-2000:]
                raise RuntimeError(f"Tryton does not answer: {last}") from error
            time.sleep(0.1)


def _rpc(url: str, method: str, params: Any, headers: Mapping[str, str]) -> Any:
    body = json.dumps({"id": 1, "method": method, "params": list(params)}, default=_tagged)
    request = urllib.request.Request(
        f"{url}/{DATABASE}/rpc/",
        data=body.encode(),
        headers={"Content-Type": "application/json", **headers},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        said = json.loads(answer.read(), object_hook=_plain, parse_float=Decimal)
    if "error" in said:
        raise RuntimeError(f"{method}: {str(said['error'])[:500]}")
    return said["result"]


def _tagged(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"{type(value).__name__} does not go into a call")


def _plain(value: dict[str, Any]) -> Any:
    match value.get("__class__"):
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return date(value["year"], value["month"], value["day"])
        case "datetime":
            return datetime(*(value[name] for name in _PARTS))
    return value


_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")
