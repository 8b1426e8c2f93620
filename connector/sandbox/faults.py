"""How a practice system misbehaves on request, repeatably.

A rate is the share of calls (0 to 1) that the fault befalls. A *write* is a
successful POST or PATCH of a record; sign-in and administration are left alone.

    drop_after_commit   the write is stored, the connection is cut without an answer
    error_after_commit  the write is stored, the answer is 500
    rate_limited        429 with Retry-After, nothing is done
    retry_after_s       what Retry-After says
    slow_ms             every call waits so long first
    truncate            the answer of any call breaks off in the middle
    duplicate_page      a list call that asks for a later page gets the same page once more
    session_expiry      the sign-in ends just before the call: 401
    most                after so many faults the system behaves (null: never)
    seed                another seed, other calls
"""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from threading import Lock
from typing import Any

from connector.sandbox.dice import Dice
from connector.sandbox.errors import Refusal
from connector.sandbox.webserver import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is asked for; the module's text says what each means."""

    drop_after_commit: float = 0.0
    error_after_commit: float = 0.0
    rate_limited: float = 0.0
    retry_after_s: int = 1
    slow_ms: int = 0
    truncate: float = 0.0
    duplicate_page: float = 0.0
    session_expiry: float = 0.0
    most: int | None = None
    seed: int = 1


WHOLE = ("retry_after_s", "slow_ms", "most", "seed")
NAMES = tuple(one.name for one in fields(Settings))


def settings(asked: Mapping[str, Any]) -> Settings:
    """Settings out of JSON. Raises Refusal for an unknown name or a value out of range."""
    for name, value in asked.items():
        if name not in NAMES:
            raise Refusal(422, "unknown_fault", f"{name} is no fault; there are {', '.join(NAMES)}")
        if name == "most" and value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or value < 0:
            raise Refusal(422, "invalid_fault", f"{name} must be a number from 0")
        if name in WHOLE and not isinstance(value, int):
            raise Refusal(422, "invalid_fault", f"{name} must be a whole number")
        if name not in WHOLE and value > 1:
            raise Refusal(422, "invalid_fault", f"{name} must be a rate from 0 to 1")
    rates = {name: float(value) for name, value in asked.items() if name not in WHOLE}
    return Settings(**{**asked, **rates})


class Faults:
    """Draws the faults. Each kind has dice of its own, so that one never shifts another."""

    def __init__(self, start: Settings) -> None:
        self._lock = Lock()
        self.set(start)

    def set(self, asked: Settings) -> None:
        with self._lock:
            self.settings = asked
            self.counts: Counter[str] = Counter()
            self._dice = {name: Dice(asked.seed, name) for name in NAMES if name not in WHOLE}

    def change(self, asked: Mapping[str, Any]) -> None:
        """Ask for other faults; what isn't named stays. The draws begin anew."""
        settings(asked)
        now = {name: getattr(self.settings, name) for name in NAMES}
        self.set(settings({**now, **asked}))

    def strikes(self, name: str) -> bool:
        """Draw one kind of fault, and count it."""
        rate: float = getattr(self.settings, name)
        if not rate:
            return False
        with self._lock:
            most = self.settings.most
            if most is not None and self.counts.total() >= most:
                return False
            struck = self._dice[name].falls(rate)
            if struck:
                self.counts[name] += 1
        return struck

    def before(self) -> None:
        """What happens to a call before anything is done. Raises Refusal for 429."""
        if self.settings.slow_ms:
            time.sleep(self.settings.slow_ms / 1000)
        if self.strikes("rate_limited"):
            wait = {"Retry-After": str(self.settings.retry_after_s)}
            raise Refusal(429, "too_many_calls", "Too many calls; wait a little.", headers=wait)

    def after(self, response: Response, *, wrote: bool) -> Response:
        """What becomes of an answer on its way out."""
        if wrote and self.strikes("drop_after_commit"):
            return Response(response.status, sent="nothing")
        if wrote and self.strikes("error_after_commit"):
            return Refusal(500, "internal", "Something went wrong inside.").response()
        if response.body and self.strikes("truncate"):
            return Response(response.status, response.body, response.headers, sent="half")
        return response
