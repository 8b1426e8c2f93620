"""Rate limits shared by all workers: token buckets in Postgres, one short statement a batch.

A bucket may go below nothing: whoever takes a token then knows how long to wait for it, so that
waiting calls stand in line without asking again. A system without rates costs nothing here.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from connector.systems.errors import Kind, SystemFailure
from connector.systems.spec import Daily, Limits, Rate
from connector.systems.spec_request import Operation

PATIENCE_S = 15.0
_BATCH_S = 0.2
_MOST_BATCH = 20
_DAY_S = 86_400

_TAKE = """
INSERT INTO systems_bucket AS b (name, tokens, filled_at)
VALUES (%(name)s, %(size)s - %(count)s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET
    tokens = LEAST(%(size)s, b.tokens + %(per_s)s
        * GREATEST(EXTRACT(EPOCH FROM clock_timestamp() - b.filled_at)::float8, 0)) - %(count)s,
    filled_at = clock_timestamp()
RETURNING tokens,
    GREATEST(EXTRACT(EPOCH FROM blocked_until - clock_timestamp())::float8, 0)
"""
_BLOCK = """
INSERT INTO systems_bucket AS b (name, tokens, filled_at, blocked_until)
VALUES (%(name)s, 0, clock_timestamp(), clock_timestamp() + make_interval(secs => %(wait)s))
ON CONFLICT (name) DO UPDATE SET blocked_until =
    GREATEST(b.blocked_until, clock_timestamp() + make_interval(secs => %(wait)s))
"""
_GIVE_BACK = "UPDATE systems_bucket SET tokens = tokens + %(count)s WHERE name = %(name)s"


@dataclass(slots=True)
class _Bucket:
    """One rate. `stock` are tokens already taken from the table and not yet used."""

    name: str
    size: float
    per_s: float
    only: str | None
    keep: float = 0
    stock: int = 0

    @property
    def batch(self) -> int:
        return max(1, min(_MOST_BATCH, int(self.per_s * _BATCH_S)))

    def counts(self, operation: Operation, about: str, *, reads: bool) -> bool:
        """Whether a call uses this bucket."""
        if self.only is None or self.only == about:
            return True
        if operation in ("login", "token"):
            return self.only == "login"
        return self.only == ("read" if reads else "write")


@dataclass(slots=True)
class Limiter:
    """The rates of one connection, and the pauses that the system asked for.

    It has a database connection of its own, opened when first needed, so that a bucket is never
    part of somebody's transaction and the threads of a run share it.
    """

    title: str
    limits: Limits
    bucket: str
    credential_bucket: str
    patience_s: float = PATIENCE_S
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _buckets: list[_Bucket] = field(default_factory=list, init=False, repr=False)
    _database: BaseDatabaseWrapper | None = field(default=None, init=False, repr=False)
    _blocked_until: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        for number, rate in enumerate(self.limits.rates):
            self._buckets.append(self._of(rate, number))
        if self.limits.daily:
            self._buckets.append(_daily(self.limits.daily, self.bucket))

    def wait(self, operation: Operation, about: str, *, reads: bool) -> None:
        """Take a token of every bucket that counts, and sleep until they are good.

        Raises:
            SystemFailure: rate_limited, where the wait would be longer than the patience.
        """
        wait_s = 0.0
        with self._lock:
            wait_s = max(self._blocked_until - time.monotonic(), 0.0)
            if wait_s <= self.patience_s:
                taken = []
                for bucket in self._buckets:
                    if bucket.counts(operation, about, reads=reads):
                        wait_s = max(wait_s, self._take(bucket, reads=reads))
                        taken.append(bucket)
                if wait_s > self.patience_s:
                    self._give_back(taken)
        if wait_s > self.patience_s:
            raise SystemFailure(
                Kind.RATE_LIMITED, f"{self.title} takes no more calls for now.", wait_s=wait_s
            )
        if wait_s > 0:
            time.sleep(wait_s)

    def block(self, wait_s: float) -> None:
        """Let nobody call for so long: the system asked for it.

        Without rates there is nothing that workers share, so each finds out for itself.
        """
        with self._lock:
            self._blocked_until = max(self._blocked_until, time.monotonic() + wait_s)
            for bucket in self._buckets:
                bucket.stock = 0
                self._execute(_BLOCK, {"name": bucket.name, "wait": wait_s})

    def close(self) -> None:
        """Give unused tokens back and close the database connection."""
        with self._lock:
            if self._database is None:
                return
            for bucket in self._buckets:
                if bucket.stock:
                    self._execute(_GIVE_BACK, {"name": bucket.name, "count": bucket.stock})
                    bucket.stock = 0
            self._database.close()
            self._database = None

    def _of(self, rate: Rate, number: int) -> _Bucket:
        owner = self.credential_bucket if rate.share == "credential" else self.bucket
        name = f"{owner}/{rate.only or 'all'}/{rate.calls} in {rate.per_s} s"
        return _Bucket(name, rate.calls, rate.calls / rate.per_s, rate.only)

    def _take(self, bucket: _Bucket, *, reads: bool) -> float:
        """Seconds until one token of a bucket is good."""
        if bucket.stock:
            bucket.stock -= 1
            return 0.0
        count = bucket.batch
        values: dict[str, str | float] = {
            "name": bucket.name, "size": bucket.size, "per_s": bucket.per_s, "count": count,
        }  # fmt: skip
        tokens, blocked_s = self._execute(_TAKE, values)[0]
        if tokens < 0 and count > 1:
            self._execute(_GIVE_BACK, {"name": bucket.name, "count": count - 1})
            tokens += count - 1
        else:
            bucket.stock = count - 1
        kept = bucket.keep if reads else 0
        return max((kept - tokens) / bucket.per_s if tokens < kept else 0.0, blocked_s or 0.0)

    def _give_back(self, taken: Sequence[_Bucket]) -> None:
        for bucket in taken:
            self._execute(_GIVE_BACK, {"name": bucket.name, "count": 1})

    def _execute(self, statement: str, values: dict[str, str | float]) -> list[tuple[float, ...]]:
        if self._database is None:
            self._database = connections.create_connection("default")
            self._database.inc_thread_sharing()
        with self._database.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []


def _daily(daily: Daily, bucket: str) -> _Bucket:
    """A day's budget refills evenly, which keeps to it whatever hour it is reset at."""
    return _Bucket(
        f"{bucket}/day/{daily.calls}", daily.calls, daily.calls / _DAY_S, None, keep=daily.reserve
    )
