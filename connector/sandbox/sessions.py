"""Who is signed in: tokens that expire, after a fixed life or when idle. Kept in memory only."""

import time
from threading import Lock

from connector.crypto import mac


class Sessions:
    """Tokens with their end. `idle` moves the end with every use."""

    def __init__(self, life_s: float, *, idle: bool) -> None:
        self.life_s = life_s
        self.idle = idle
        self._ends: dict[str, float] = {}
        self._lock = Lock()

    def open(self) -> str:
        token = mac.token(24)
        now = time.monotonic()
        with self._lock:
            self._ends = {one: end for one, end in self._ends.items() if end > now}
            self._ends[token] = now + self.life_s
        return token

    def holds(self, token: str) -> bool:
        """Whether the token is good now."""
        now = time.monotonic()
        with self._lock:
            if self._ends.get(token, 0) <= now:
                return False
            if self.idle:
                self._ends[token] = now + self.life_s
            return True

    def close(self, token: str) -> None:
        with self._lock:
            self._ends.pop(token, None)

    def close_all(self) -> None:
        with self._lock:
            self._ends.clear()
