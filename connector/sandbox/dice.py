"""Repeatable chance: the same seed gives the same draws, on every machine."""

from collections.abc import Sequence
from threading import Lock
from typing import TypeVar

from connector.crypto import mac

T = TypeVar("T")


class Dice:
    """A row of draws; two of the same seed and name fall alike, whatever other dice do."""

    def __init__(self, seed: int, name: str) -> None:
        self._key = f"{seed}:{name}".encode()
        self._drawn = 0
        self._lock = Lock()

    def below(self, n: int) -> int:
        """A whole number from 0 to n-1."""
        with self._lock:
            self._drawn += 1
            message = self._drawn.to_bytes(8, "big")
        return int.from_bytes(mac.hmac_digest("sha256", self._key, message)[:8], "big") % n

    def between(self, least: int, most: int) -> int:
        """A whole number from `least` to `most`, both included."""
        return least + self.below(most - least + 1)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def falls(self, rate: float) -> bool:
        """True in `rate` (0 to 1) of the draws."""
        return self.below(1_000_000) < rate * 1_000_000
