"""A cache in the database that all web processes share. Values are JSON: nothing is unpickled.

It counts tries to sign in (allauth's rate limits) and remembers codes that were used. Keys are
stored as keyed hashes: a dump does not say who tried. Times are the database's.
"""

import json
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection

from connector.crypto import mac
from connector.crypto.keyring import Domain

READ = """
SELECT value FROM accounts_cached
WHERE key = %s AND (expires_at <= clock_timestamp()) IS NOT TRUE
"""
SET = """
INSERT INTO accounts_cached (key, value, expires_at)
VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s))
ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
"""
# One statement, so that of many at once exactly one adds: allauth locks with it.
ADD = f"{SET} WHERE accounts_cached.expires_at <= clock_timestamp()"
DELETE = "DELETE FROM accounts_cached WHERE key = %s"
# A few entries that are over go with each one that is written.
SWEEP = """
DELETE FROM accounts_cached WHERE key IN (
    SELECT key FROM accounts_cached WHERE expires_at <= clock_timestamp()
    LIMIT 20 FOR UPDATE SKIP LOCKED
)
"""


class SharedCache(BaseCache):
    """What allauth needs of a cache."""

    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        return _run(ADD, _hash(key), json.dumps(value), self._seconds(timeout)) == 1

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        _run(SWEEP)
        _run(SET, _hash(key), json.dumps(value), self._seconds(timeout))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(READ, [_hash(key)])
            row = cursor.fetchone()
        return json.loads(row[0]) if row else default

    def delete(self, key: Any, version: int | None = None) -> bool:
        return _run(DELETE, _hash(key)) == 1

    def _seconds(self, timeout: Any) -> float | None:
        """None is for ever."""
        return self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout


def _run(statement: str, *values: bytes | str | float | None) -> int:
    """How many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _hash(key: Any) -> bytes:
    return mac.keyed_hash(Domain.PEOPLE, "shared cache", str(key).encode(), size=32)
