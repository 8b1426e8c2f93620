"""One refresher at a time, across all processes, without a transaction held open.

A lock of the session on a database connection of its own: no row is locked, so nothing that
others read or write waits, and a process that is killed lets go of it at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import OperationalError, connection, connections

from connector.vault.oauth.errors import NotNow

_OURS = 0x0A47  # sets these locks apart from all others of the database
_PATIENCE_S = 120
_LATER_S = 5.0


@contextmanager
def refreshing(credential: UUID) -> Iterator[None]:
    """Hold the lock of a credential's tokens for the span of the block.

    Raises:
        NotNow: somebody else has held it for two minutes.
    """
    database = connections.create_connection("default")
    try:
        with database.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{_PATIENCE_S}s'")
            try:
                number = int.from_bytes(credential.bytes[:4], "big", signed=True)
                cursor.execute("SELECT pg_advisory_lock(%s, %s)", [_OURS, number])
            except OperationalError:
                raise NotNow(
                    "The access token is being refreshed elsewhere.", wait_s=_LATER_S
                ) from None
        yield
    finally:
        database.close()


@contextmanager
def borrowed_connection() -> Iterator[None]:
    """Leave no database connection behind in a thread that had none."""
    had_one = connection.connection is not None
    try:
        yield
    finally:
        if not had_one:
            connection.close()
