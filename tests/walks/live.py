"""A whole box with real processes, as quickstart starts it, for tests that need all of it."""

import base64
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
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

    def apply(
        self, folder: Path, files: Mapping[str, str], *more: str, **secrets: str
    ) -> subprocess.CompletedProcess[str]:
        """Write files into a folder and make the box what they say; secrets are variables."""
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        return self.manage("apply", str(folder), *more, extra=secrets)

    def test_connection(self, slug: str) -> tuple[str, str]:
        """Ask for the test of a connection as web does; answer health and message."""
        pk, before = self.rows(
            "SELECT id::text, checked_at FROM flows_connection WHERE slug = %s", slug
        )[0]
        self.plant("flows.test", {"connection": pk})
        asked = "SELECT health, health_message, checked_at FROM flows_connection WHERE id = %s"
        wait_until(lambda: self.rows(asked, pk)[0][2] not in (None, before))
        health, message, _ = self.rows(asked, pk)[0]
        return health, message

    def tests_are_done(self) -> None:
        """Wait for the tests that were asked for, as by a rotation."""
        waits = (
            "SELECT 1 FROM jobs_job WHERE kind = 'flows.test' AND state IN ('waiting', 'running')"
        )
        wait_until(lambda: not self.rows(waits))

    def plant(self, kind: str, args: object) -> int:
        """A job as the web process can write one, whatever is in it."""
        with self.as_role("web") as connection:
            row = connection.execute(
                "INSERT INTO jobs_job (kind, args, dedupe_key, priority, state, attempts, holder,"
                " problem) VALUES (%s, %s, '', 10, 'waiting', 0, '', '') RETURNING id",
                [kind, json.dumps(args)],
            ).fetchone()
            connection.execute("NOTIFY jobs")
        assert row
        return int(row[0])

    def counts(self) -> dict[str, int]:
        """How many rows each table of what people set up has."""
        tables = (
            *("systems_uploadedsystem", "flows_connection", "flows_flow", "flows_version"),
            *("flows_valuemap", "flows_valuemapversion", "flows_schedule", "webhooks_endpoint"),
            *("vault_credential", "vault_credentialversion"),
            "audit_entry WHERE actor = 'command:apply'",
        )
        return {table: self.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables}

    def main_job(self) -> dict[str, Any]:
        """What quickstart does after the start."""
        done = self.manage("practice")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def prepare_flows(self) -> None:
        """Connect both systems and move the vendors, so that bills can flow when they are asked to,
        and not by themselves before."""
        texts = systems.files(self.state)
        systems.keep_secrets(self.home, {name: self.keys(name) for name in ("erp", "ap")})
        folder = self.home.path / "flows"
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            by_hand = re.sub(r"trigger: \{schedule.*\}", "trigger: {by_hand: true}", text)
            (folder / name).write_text(by_hand)
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

    def api(self, system: str, path: str, body: object = None, *, method: str = "GET") -> Any:
        """A call of a practice system's API, signed in as the box does it."""
        keys, url = self.keys(system), self.state[f"{system}_url"]
        if system == "erp":
            basic = base64.b64encode(f"{keys['client_id']}:{keys['client_secret']}".encode())
            said = _asked(
                f"{url}/oauth/token",
                {"Authorization": f"Basic {basic.decode()}"},
                b"grant_type=client_credentials",
                method="POST",
            )
            signed_in = {"Authorization": f"Bearer {said['access_token']}"}
        else:
            who = {"user": keys["user"], "password": keys["password"]}
            said = _asked(f"{url}/login", {}, who, method="POST")
            signed_in = {"X-Session-Id": said["session_id"]}
        return _asked(f"{url}{path}", signed_in, body, method=method)

    def ask(self, system: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A call of a practice system's administration."""
        return systems.call(
            f"{self.state[f'{system}_url']}{path}", self.keys(system)["admin_token"], body
        )


def wait_until(holds: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Look until something holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _asked(
    url: str,
    headers: Mapping[str, str],
    body: object = None,
    *,
    method: str = "GET",
) -> Any:
    """A call with JSON in and out."""
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=dict(headers), method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"null")


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
