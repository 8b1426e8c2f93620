"""Looking for a text in everything that a box keeps, in each spelling that bytes may have."""

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from appliance.database.embedded import SUPERUSER, binaries
from appliance.database.url import NAME
from appliance.leaktest.search import look, needles
from tests.walks.live import Live


def hits(secrets: Mapping[str, str], sources: Iterable[tuple[str, bytes]]) -> list[str]:
    """Which secret stands where, and how it is spelled there."""
    what = needles(secrets)
    return [
        f"{name}: {hit.form}: {hit.secret}"
        for name, data in sources
        for hit in sorted(look(what, [data]).hits)
    ]


def dump(live: Live) -> bytes:
    """The whole database as SQL, as whoever steals a dump has it."""
    return subprocess.run(
        [
            *(str(binaries() / "pg_dump"), "--host", str(live.home.socket)),
            *("--username", SUPERUSER, "--dbname", NAME),
        ],
        env={**os.environ, "PGPASSWORD": live.home.password_file("superuser").read_text().strip()},
        capture_output=True,
        check=True,
    ).stdout


def files(folder: Path, *, but: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
    """The bytes of every file below a folder."""
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if name.parts[0] not in but and file.is_file():
            try:
                yield str(name), file.read_bytes()
            except FileNotFoundError:  # the database drops files of its own while we read
                continue


def everything(live: Live, said: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """All that a box keeps or says, but for the records of the practice systems themselves."""
    live.rows("CHECKPOINT")
    yield "pg_dump", dump(live)
    yield "jobs", "\n".join(row[0] for row in live.rows("SELECT j::text FROM jobs_job j")).encode()
    yield from files(live.home.path, but=("practice-systems",))
    yield from ((name, text.encode()) for name, text in said.items())


def plant(database: psycopg.Connection[object], needles: dict[str, bytes]) -> None:
    """Put needles into a table of their own, as bytes and as text."""
    database.execute("CREATE TABLE planted (bytes bytea, words text)")
    for needle in needles.values():
        words = needle.decode() if needle.isascii() and b"\0" not in needle else ""
        database.execute(sql.SQL("INSERT INTO planted VALUES (%s, %s)"), [needle, words])
