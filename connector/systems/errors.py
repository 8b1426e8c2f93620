"""What can go wrong with the description of a system and when talking to it.

SpecError              a description is not right: every problem with file, line and path
UnknownSystem          no system has this name
SystemFailure          a call to a system failed
  kind = CONFIG        wrong address, wrong credential: stop, ask the operator
  kind = TRANSIENT     time-out, 5xx: try again
  kind = RATE_LIMITED  429: try again after wait_s
  kind = REFUSED       this one record was not accepted: keep it aside, go on
  AccessEnded          config: what a person once granted is not accepted any more
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a description: where it stands and what would be right."""

    file: str
    line: int
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}: {self.text}"


class SpecError(Exception):
    """A description is not right. `problems` names every place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class UnknownSystem(Exception):
    """No system has this name. The text says which names are near."""


class Kind(Enum):
    CONFIG = "config"
    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"


class SystemFailure(Exception):
    """A call to a system failed.

    `message` is for the operator and is safe to show and store. `detail` is for the log; it holds
    status and header names, never bodies or header values. `wait_s` is in seconds.
    """

    def __init__(
        self, kind: Kind, message: str, *, detail: str = "", wait_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.detail = detail
        self.wait_s = wait_s

    @property
    def retryable(self) -> bool:
        return self.kind in (Kind.TRANSIENT, Kind.RATE_LIMITED)


class AccessEnded(SystemFailure):
    """The system does not accept what a person granted any more; it must be granted again."""
