"""A sign-in that is kept for a while: obtained by one thread, used by all, renewed in time."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.crypto import live
from connector.crypto.secret import Secret
from connector.systems.auth.base import texts


@dataclass(frozen=True, slots=True)
class Obtained:
    """The values of a sign-in, and for how many seconds it is good (None: until refused)."""

    values: Mapping[str, Any] = field(repr=False)
    life_s: float | None = None


@dataclass(frozen=True, slots=True)
class Current:
    values: Mapping[str, Any] = field(repr=False)
    generation: int


@dataclass(slots=True)
class Kept:
    """Holds one sign-in in memory. `idle_s`: unused for so long, it is taken for gone.

    `obtain` is called by one thread at a time; it is given the values that were refused, if any.
    """

    obtain: Callable[[Mapping[str, Any] | None], Obtained]
    idle_s: float | None = None
    _shown: live.Known = field(default_factory=live.Known, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _current: Current | None = field(default=None, init=False, repr=False)
    _refused: Mapping[str, Any] | None = field(default=None, init=False, repr=False)
    _generation: int = field(default=0, init=False)
    _until: float = field(default=0.0, init=False)
    _used: float = field(default=0.0, init=False)

    def current(self) -> Current:
        """The sign-in that is good now. Raises what `obtain` raises."""
        now = time.monotonic()
        current = self._current
        if current is None or not self._good(now):
            with self._lock:
                current = self._current
                if current is None or not self._good(now):
                    current = self._sign_in()
        self._used = time.monotonic()
        return current

    def known(self) -> Mapping[str, Any]:
        """The values held now, without signing in."""
        current = self._current
        return current.values if current else {}

    def drop(self, generation: int) -> None:
        """Forget the sign-in of this generation; a newer one stays."""
        with self._lock:
            if self._current and self._current.generation == generation:
                self._refused, self._current = self._current.values, None

    def close(self) -> None:
        """It is not needed any more; no log needs to know what it was."""
        self._shown.close()

    def _good(self, now: float) -> bool:
        return now < self._until and (self.idle_s is None or now - self._used < self.idle_s)

    def _sign_in(self) -> Current:
        obtained = self.obtain(self._refused)
        self._shown.add(Secret(text) for text in texts(obtained.values))
        self._generation += 1
        self._current = Current(obtained.values, self._generation)
        self._refused = None
        self._used = time.monotonic()
        self._until = self._used + (float("inf") if obtained.life_s is None else obtained.life_s)
        return self._current
