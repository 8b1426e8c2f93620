"""The database as whoever owns it sees it: for the sweep, and to take the planted rows out."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from appliance.database import embedded, url
from appliance.database.errors import PostgresFailed
from appliance.home import Home

PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Owner:
    """How to sign in as the owner of the database."""

    name: str
    user: str
    host: str
    port: str
    password: str = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(
            dbname=self.name,
            user=self.user,
            host=self.host,
            port=self.port or None,
            password=self.password,
            autocommit=True,
            **self.options,
        ) as connection:
            yield connection

    def dump(self) -> Iterator[bytes]:
        """What pg_dump says of the whole database, in pieces.

        Raises:
            PostgresFailed: there is no pg_dump, or it did not come to its end.
        """
        program = _pg_dump()
        environ = {**os.environ, "PGPASSWORD": self.password}
        environ |= {f"PG{name.upper()}": str(value) for name, value in self.options.items()}
        command = [program, "--host", self.host, "--username", self.user, "--dbname", self.name]
        command += ["--port", self.port] if self.port else []
        with subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as child:
            assert child.stdout is not None
            while piece := child.stdout.read(PIECE):
                yield piece
        if child.returncode:
            raise PostgresFailed(f"pg_dump ended with {child.returncode}")


def of_home(home: Home) -> Owner:
    """The superuser of the box's own server."""
    password = home.password_file("superuser").read_text().strip()
    return Owner(url.NAME, embedded.SUPERUSER, str(home.socket), "", password)


def of_file(file: Path) -> Owner:
    """From a file with the owner's `postgres://` URL in it. Raises as url.from_url()."""
    found = url.from_url(file.read_text(encoding="utf-8").strip(), password=None)
    options = {k: v for k, v in found["OPTIONS"].items() if k.startswith("ssl")}
    return Owner(
        found["NAME"], found["USER"], found["HOST"], found["PORT"], found["PASSWORD"], options
    )


def tables(connection: psycopg.Connection[Any]) -> list[str]:
    """The tables of the database by name."""
    rows = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    )
    return [str(row[0]) for row in rows]


def rows_of(connection: psycopg.Connection[Any], table: str) -> Iterator[bytes]:
    """All of a table as text, as SELECT gives it."""
    query = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for piece in copy:
            yield bytes(piece)


def _pg_dump() -> str:
    try:
        return str(embedded.binaries() / "pg_dump")
    except PostgresFailed:
        found = shutil.which("pg_dump")
    if found is None:
        raise PostgresFailed("there is no pg_dump on this machine")
    return found
