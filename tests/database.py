"""One embedded Postgres for a run of the suite, shared by its worker processes, gone at its end."""

import atexit
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from appliance.database import embedded
from appliance.home import Home

ENV = "CONNECTOR_TEST_HOME"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


@dataclass(frozen=True, slots=True)
class Cluster:
    """The server of this run, and the database that this process uses on it."""

    home: Home
    server: embedded.Server

    @property
    def database(self) -> str:
        return f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"

    @property
    def url(self) -> str:
        return f"postgres://{embedded.SUPERUSER}:{self.server.superuser_password}@/postgres?host={self.server.socket}"


def the_server() -> Cluster:
    """The server of this run: started by the first process that asks, found by its children."""
    given = os.environ.get(ENV)
    if given:
        home = Home(Path(given))
        return Cluster(home, embedded.start(home))
    home = Home(Path(tempfile.mkdtemp(prefix="mlc-tests-")))
    home.create()
    server = embedded.start(home, options=FAST)
    os.environ[ENV] = str(home.path)
    owner = os.getpid()

    def gone() -> None:
        if os.getpid() == owner:
            server.stop()
            if server.socket != home.run:
                shutil.rmtree(server.socket, ignore_errors=True)
            shutil.rmtree(home.path, ignore_errors=True)

    atexit.register(gone)
    return Cluster(home, server)
