"""Where the leak test looks, and what it can't look at."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.contrib.auth import get_user_model

from appliance.database.errors import PostgresFailed
from appliance.leaktest import owner as owners
from appliance.leaktest import pages
from appliance.leaktest.owner import Owner
from appliance.leaktest.search import Hit, Needles, look
from connector.console.access import OWNER

PIECE = 1 << 20
APART = {"jobs_job": "jobs", "accounts_session": "sessions", "audit_entry": "audit log"}


@dataclass(slots=True)
class Line:
    """One kind of place: how much of it was searched, and what was found where."""

    place: str
    size: int = 0
    hits: list[tuple[str, Hit]] = field(default_factory=list)


@dataclass(slots=True)
class Sweep:
    """A search through many places."""

    what: Needles
    lines: dict[str, Line] = field(default_factory=dict)
    not_seen: list[str] = field(default_factory=list)

    def look(self, place: str, name: str, chunks: Iterable[bytes]) -> None:
        """Search one thing of a place; `name` says which, in the report of a hit."""
        line = self.lines.setdefault(place, Line(place))
        seen = look(self.what, chunks)
        line.size += seen.size
        line.hits += [(name, hit) for hit in sorted(seen.hits)]

    def tried(self, place: str, action: Callable[[], None]) -> None:
        """Look; what does not work is told among what was not seen."""
        try:
            action()
        except (OSError, PostgresFailed, psycopg.Error) as failed:
            self.not_seen.append(f"{place}: {type(failed).__name__}: {failed}")

    @property
    def hits(self) -> int:
        return sum(len(line.hits) for line in self.lines.values())


def database(sweep: Sweep, owner: Owner, connection: psycopg.Connection[Any]) -> None:
    """pg_dump, and each table as SQL gives it."""
    sweep.tried("pg_dump", lambda: sweep.look("pg_dump", "pg_dump", owner.dump()))
    for table in owners.tables(connection):
        place = APART.get(table, "other tables")
        sweep.look(place, table, owners.rows_of(connection, table))


def database_files(sweep: Sweep, connection: psycopg.Connection[Any]) -> None:
    """The files of the database and its write-ahead log, if this account may read them."""

    def checkpoint() -> None:
        connection.execute("CHECKPOINT")

    sweep.tried("the newest pages of the database, which are in its memory alone", checkpoint)
    asked = connection.execute("SELECT setting FROM pg_settings WHERE name = 'data_directory'")
    row = asked.fetchone()
    folder = Path(row[0]) if row and row[0] else None
    if folder is None or not (folder / "PG_VERSION").exists():
        sweep.not_seen.append("database files: not on this machine, or closed to this account")
        return
    files(sweep, "database files", folder, but="pg_wal")
    files(sweep, "write-ahead log", folder / "pg_wal")


def files(sweep: Sweep, place: str, path: Path, *, but: str = "") -> None:
    """A file, or all below a folder."""
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        if not file.is_file() or (but and but in file.relative_to(path).parts[:1]):
            continue
        sweep.tried(str(file), lambda file=file: sweep.look(place, str(file), read(file)))  # type: ignore[misc]


def read(file: Path) -> Iterator[bytes]:
    """A file in pieces; empty if it is gone: the database drops files of its own."""
    try:
        with file.open("rb") as handle:
            while piece := handle.read(PIECE):
                yield piece
    except FileNotFoundError:
        return


def shown(sweep: Sweep, slug: str) -> None:
    """Pages of the console and answers of the API, as an owner gets them."""
    user = get_user_model().objects.filter(role=OWNER, is_active=True).first()
    if user is None:
        sweep.not_seen.append("pages and API: there is no owner yet; make one by the set-up link")
        return
    for place, ask in (("pages of the console", pages.console), ("answers of the API", pages.api)):
        for path, body in ask(user, slug, slug.replace("-", "_")):
            sweep.look(place, path, [body])


def logs(sweep: Sweep, given: Iterable[Path]) -> None:
    """The logs of a home, and files or folders that were named."""
    named = list(given)
    if settings.HOME and settings.HOME.log.is_dir():
        named.append(settings.HOME.log)
    if not named:
        sweep.not_seen.append("logs: name them with --logs; what a journal keeps, export first")
    for path in named:
        if path.exists():
            files(sweep, "logs", path)
        else:
            sweep.not_seen.append(f"{path}: there is no such file")
