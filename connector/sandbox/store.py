"""The tables of a practice system, in one SQLite file of its own."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Any

from connector.sandbox import jsontext

TABLES = """
CREATE TABLE IF NOT EXISTS record (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    reference TEXT,
    number TEXT,
    vendor TEXT,
    currency TEXT,
    total TEXT,
    modified_at TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS record_by_change ON record (kind, modified_at, seq);
CREATE INDEX IF NOT EXISTS record_by_reference ON record (kind, reference);
CREATE INDEX IF NOT EXISTS record_by_number ON record (kind, number);
CREATE TABLE IF NOT EXISTS call (
    key TEXT PRIMARY KEY,
    made_at REAL NOT NULL,
    request BLOB NOT NULL,
    record TEXT NOT NULL,
    status INTEGER NOT NULL,
    answer BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'given_up'))
);
CREATE INDEX IF NOT EXISTS event_waiting ON event (due_at) WHERE state = 'waiting';
"""


COLUMNS = (
    "kind", "id", "reference", "number", "vendor", "currency", "total", "modified_at", "body",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record as it is kept: the columns that are searched, and the whole as JSON."""

    kind: str
    id: str
    body: bytes
    modified_at: str
    reference: str | None = None
    number: str | None = None
    vendor: str | None = None
    currency: str | None = None
    total: str | None = None


class Store:
    """One connection behind one lock: writers and readers take turns."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None, cached_statements=64
        )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(TABLES)
        self._lock = RLock()
        self._last = datetime.min.replace(tzinfo=UTC)
        self._seq: int = self._one("SELECT coalesce(max(seq), 0) FROM record")[0]

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """A transaction; on an exception nothing of it is kept."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def now(self) -> str:
        """The time of a change, never the same twice: what is read in order is read whole."""
        with self._lock:
            now = datetime.now(UTC)
            now -= timedelta(microseconds=now.microsecond % 1000)
            self._last = max(now, self._last + timedelta(milliseconds=1))
            return self._last.isoformat(timespec="milliseconds")

    def next_seq(self) -> int:
        """A number for a new record; a gap is left when its transaction fails."""
        with self._lock:
            self._seq += 1
            return self._seq

    def put(self, rows: Iterable[Row]) -> None:
        """Insert records or replace those of the same kind and id. Inside `change`."""
        self._db.executemany(
            "INSERT INTO record"  # noqa: S608 - names of our own columns  # nosec B608
            f" ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
            " ON CONFLICT (kind, id) DO UPDATE SET"
            f" {', '.join(f'{name} = excluded.{name}' for name in COLUMNS[2:])}",
            ([getattr(row, column) for column in COLUMNS] for row in rows),
        )

    def get(self, kind: str, record_id: str) -> dict[str, Any] | None:
        found = self._one("SELECT body FROM record WHERE kind = ? AND id = ?", kind, record_id)
        return jsontext.decode(found[0]) if found else None

    def raw(self, kind: str, record_id: str) -> bytes | None:
        found = self._one("SELECT body FROM record WHERE kind = ? AND id = ?", kind, record_id)
        return found[0] if found else None

    def count(self, kind: str, where: Mapping[str, str] | None = None, since: str = "") -> int:
        condition, values = _condition(kind, where or {}, since)
        return int(self._one(f"SELECT count(*) FROM record WHERE {condition}", *values)[0])  # noqa: S608  # nosec B608

    def by_change(
        self, kind: str, where: Mapping[str, str], since: str, after: tuple[str, int], limit: int
    ) -> list[tuple[str, int, bytes]]:
        """(modified_at, seq, body) in the order of change, behind a place in that order."""
        condition, values = _condition(kind, where, since)
        return self._all(
            f"SELECT modified_at, seq, body FROM record WHERE {condition}"  # noqa: S608  # nosec B608
            " AND (modified_at, seq) > (?, ?) ORDER BY modified_at, seq LIMIT ?",
            *values, *after, limit,
        )  # fmt: skip

    def by_age(
        self, kind: str, where: Mapping[str, str], since: str, offset: int, limit: int
    ) -> list[bytes]:
        """Bodies in the order in which the records were made."""
        condition, values = _condition(kind, where, since)
        rows = self._all(
            f"SELECT body FROM record WHERE {condition} ORDER BY seq LIMIT ? OFFSET ?",  # noqa: S608  # nosec B608
            *values, limit, offset,
        )  # fmt: skip
        return [body for (body,) in rows]

    def amounts(self, kind: str) -> list[tuple[str, str, str]]:
        """(vendor, currency, total) of each record of a kind."""
        return self._all("SELECT vendor, currency, total FROM record WHERE kind = ?", kind)

    def repeated(self, kind: str, column: str) -> dict[str, int]:
        """Values of `reference` or `number` that stand in more than one record of one vendor."""
        assert column in ("reference", "number")
        rows = self._all(
            f"SELECT {column}, count(*) FROM record WHERE kind = ? AND {column} IS NOT NULL"  # noqa: S608  # nosec B608
            f" GROUP BY vendor, {column} HAVING count(*) > 1",
            kind,
        )
        return dict(rows)

    def call(self, key: str, not_before: float) -> tuple[bytes, str, int, bytes] | None:
        """(request, record, status, answer) of the call made under this key. Inside `change`."""
        self._db.execute("DELETE FROM call WHERE key = ? AND made_at < ?", (key, not_before))
        sql = "SELECT request, record, status, answer FROM call WHERE key = ?"
        found: tuple[bytes, str, int, bytes] | None = self._one(sql, key)
        return found

    def keep_call(
        self, key: str, at: float, request: bytes, record: str, status: int, answer: bytes
    ) -> None:
        """Remember a call under its key, which is unique. Inside `change`."""
        self._db.execute(
            "INSERT INTO call VALUES (?, ?, ?, ?, ?, ?)",
            (key, at, request, record, status, answer),
        )

    def keep_event(self, event_id: str, body: bytes, due_at: float) -> None:
        self._db.execute(
            "INSERT INTO event (id, body, due_at) VALUES (?, ?, ?)", (event_id, body, due_at)
        )

    def due_events(self, now: float, limit: int) -> list[tuple[str, bytes, int]]:
        """(id, body, attempts) of events that are to be sent, the oldest first."""
        return self._all(
            "SELECT id, body, attempts FROM event WHERE state = 'waiting' AND due_at <= ?"
            " ORDER BY due_at, seq LIMIT ?",
            now, limit,
        )  # fmt: skip

    def next_due(self) -> float | None:
        due: float | None = self._one("SELECT min(due_at) FROM event WHERE state = 'waiting'")[0]
        return due

    def mark_event(self, event_id: str, state: str, attempts: int, due_at: float) -> None:
        with self._lock:
            self._db.execute(
                "UPDATE event SET state = ?, attempts = ?, due_at = ? WHERE id = ?",
                (state, attempts, due_at, event_id),
            )

    def events_by_state(self) -> dict[str, int]:
        return dict(self._all("SELECT state, count(*) FROM event GROUP BY state"))

    def _one(self, sql: str, *values: Any) -> Any:
        with self._lock:
            return self._db.execute(sql, values).fetchone()

    def _all(self, sql: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()


def _condition(kind: str, where: Mapping[str, str], since: str) -> tuple[str, list[Any]]:
    text, values = "kind = ?", [kind]
    for column, value in where.items():
        assert column in ("reference", "number", "vendor")
        text += f" AND {column} = ?"
        values.append(value)
    if since:
        text += " AND modified_at >= ?"
        values.append(since)
    return text, values
