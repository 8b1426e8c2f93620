"""A whole box with real processes, as quickstart starts it, for tests that need all of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from appliance.database import embedded
from appliance.database.url import NAME
from appliance.home import Home
from appliance.quickstart import systems
from appliance.quickstart.box import BILLS, Box, running_box
from appliance.quickstart.children import ROOT, environment


@dataclass(frozen=True, slots=True)
class Live:
    """A running box and what a test does with it."""

    box: Box

    @property
    def home(self) -> Home:
        return self.box.home

    @property
    def state(self) -> Mapping[str, str]:
        return self.home.state()

    def manage(
        self, *command: str, process: str = "web", extra: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """A command of the box, in a process of its own."""
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            env={**environment(self.home, process), **(extra or {})},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, flow: str, *more: str) -> dict[str, Any]:
        """Run a flow to its end and answer its sums."""
        done = self.manage("run", flow, "--wait", "--json", *more)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def main_job(self) -> dict[str, Any]:
        """What quickstart does after the start."""
        done = self.manage("practice")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def prepare_flows(self) -> None:
        """Connect both systems and move the vendors, so that bills can flow."""
        texts = systems.files(self.state)
        systems.keep_secrets(self.home, {name: self.keys(name) for name in ("erp", "ap")})
        folder = self.home.path / "flows"
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text)
        done = self.manage("apply", str(folder))
        assert done.returncode == 0, done.stderr
        self.run("vendors-to-ap")

    @contextmanager
    def superuser(self) -> Iterator[psycopg.Connection[Any]]:
        """The database as nobody in the box may see it."""
        server = embedded.start(self.home)
        with server.connect(NAME) as connection:
            yield connection

    def rows(self, query: str, *arguments: Any) -> list[Any]:
        with self.superuser() as connection:
            cursor = connection.execute(query, arguments)
            return cursor.fetchall() if cursor.description else []

    def as_role(self, role: str) -> psycopg.Connection[Any]:
        """A connection with a role's own password."""
        return psycopg.connect(
            host=str(self.home.socket),
            dbname=NAME,
            user=f"connector_{role}",
            password=self.home.password_file(role).read_text().strip(),
            autocommit=True,
        )

    def keys(self, system: str) -> dict[str, str]:
        """The secrets of a practice system."""
        return dict(json.loads(Path(self.state[f"{system}_keys"]).read_text()))

    def ask(self, system: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A call of a practice system's administration."""
        return systems.call(
            f"{self.state[f'{system}_url']}{path}", self.keys(system)["admin_token"], body
        )


@contextmanager
def live_box(folder: Path, *, bills: int = BILLS, **settings: str) -> Iterator[Live]:
    """Start a box in a folder; `settings` are environment variables of its processes."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        with running_box(Home(folder), port=0, bills=bills) as box:
            yield Live(box)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
