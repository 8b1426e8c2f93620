"""Budgets that a system reports itself: points of GraphQL, calls left in a header.

They live in memory: each answer tells the truth anew.
"""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connector.systems import path
from connector.systems.classify import Answer
from connector.systems.errors import Kind, SystemFailure
from connector.systems.limits import PATIENCE_S
from connector.systems.retry import asked_wait
from connector.systems.spec import Cost, Limits, Remaining

_DEFAULT_PAUSE_S = 1.0


@dataclass(slots=True)
class Budget:
    limits: Limits
    patience_s: float = PATIENCE_S
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _available: float | None = field(default=None, init=False)
    _seen: float = field(default=0.0, init=False)
    _restore_per_s: float = field(default=0.0, init=False)
    _maximum: float = field(default=float("inf"), init=False)
    _asked: dict[str, float] = field(default_factory=dict, init=False)
    _until: float = field(default=0.0, init=False)

    def wait(self, about: str) -> None:
        """Sleep until the last like call could be paid. Raises SystemFailure (rate_limited)."""
        if self.limits.cost is None and self.limits.remaining is None:
            return
        with self._lock:
            wait_s = max(self._until - time.monotonic(), self._cost_wait(about), 0.0)
        if wait_s > self.patience_s:
            raise SystemFailure(Kind.RATE_LIMITED, "The budget of calls is used up.", wait_s=wait_s)
        if wait_s:
            time.sleep(wait_s)

    def learn(self, about: str, answer: Answer, now: datetime) -> None:
        """Remember what an answer reports."""
        cost, remaining = self.limits.cost, self.limits.remaining
        if cost is None and remaining is None:
            return
        with self._lock:
            if cost:
                self._learn_cost(cost, about, answer.body)
            if remaining:
                self._learn_remaining(remaining, answer, now)

    def _cost_wait(self, about: str) -> float:
        asked = self._asked.get(about)
        if self._available is None or asked is None or self.limits.cost is None:
            return 0.0
        restored = (time.monotonic() - self._seen) * self._restore_per_s
        available = min(self._available + restored, self._maximum)
        short = asked + self.limits.cost.reserve - available
        if short <= 0:
            self._available, self._seen = available - asked, time.monotonic()
            return 0.0
        return short / self._restore_per_s if self._restore_per_s else _DEFAULT_PAUSE_S

    def _learn_cost(self, cost: Cost, about: str, body: Any) -> None:
        available, asked = _number(body, cost.available), _number(body, cost.asked)
        if available is None:
            return
        self._available, self._seen = available, time.monotonic()
        if asked is not None:
            self._asked[about] = asked
        self._restore_per_s = _number(body, cost.restore_per_s) or self._restore_per_s
        self._maximum = _number(body, cost.maximum) or self._maximum

    def _learn_remaining(self, remaining: Remaining, answer: Answer, now: datetime) -> None:
        left = path.header(answer.headers, remaining.header)
        if not (isinstance(left, str) and left.strip().isdecimal()) or int(left) > 0:
            return
        reset = path.header(answer.headers, remaining.reset) if remaining.reset else None
        self._until = time.monotonic() + _until_reset(remaining.as_, reset, now)


def _until_reset(form: str, text: object, now: datetime) -> float:
    if not isinstance(text, str):
        return _DEFAULT_PAUSE_S
    if form == "epoch_s":
        if not text.strip().isdecimal() or len(text.strip()) > 12:
            return _DEFAULT_PAUSE_S
        return max((datetime.fromtimestamp(int(text), UTC) - now).total_seconds(), 0.0)
    wait_s = asked_wait(text, now=now)
    return _DEFAULT_PAUSE_S if wait_s is None else wait_s


def _number(body: Any, place: path.Path | None) -> float | None:
    found = path.find(body, place) if place else None
    return float(found) if isinstance(found, int | Decimal) else None
