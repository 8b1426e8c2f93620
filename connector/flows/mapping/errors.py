"""What can be wrong with a mapping, and with a record that goes through one.

MappingError   the mapping itself: a list of findings with codes M01 to M18; the save is refused
HeldError      one value of one record can't be mapped; caught by the engine and listed as a Problem
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a record is held. The list is closed: console, inbox and tests know each one."""

    REQUIRED = "required"
    BAD_VALUE = "bad_value"
    TOO_LONG = "too_long"
    TOO_PRECISE = "too_precise"
    CURRENCY = "currency"
    NO_ZONE = "no_zone"
    NO_MAP_ENTRY = "no_map_entry"
    NO_LINK = "no_link"
    AMBIGUOUS = "ambiguous"
    CHECK_FAILED = "check_failed"
    CHANGED_AFTER_FINAL = "changed_after_final"
    TOO_MANY_LINES = "too_many_lines"
    TOO_BIG = "too_big"
    NOT_SETTLED = "not_settled"


class Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the static check found. `row` is the target field, or the section."""

    code: str
    row: str
    text: str
    hint: str = ""
    level: Level = Level.ERROR

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        """The finding as one line for people."""
        end = f" {self.hint}" if self.hint else ""
        return f"{self.code} {self.row}: {self.text}{end}"


class MappingError(Exception):
    """A mapping can't be compiled. `findings` holds all of it, warnings too."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = [str(finding) for finding in findings if finding.level is Level.ERROR]
        super().__init__("\n".join(errors))
        self.findings = tuple(findings)


class HeldError(Exception):
    """One value can't be mapped. `text` is for the inbox; `value` may be personal, never log it."""

    def __init__(
        self, reason: Reason, text: str, *, value: object = None, wait_key: str = ""
    ) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.text = text
        self.value = value
        self.wait_key = wait_key


def bad_value(text: str, value: object = None) -> HeldError:
    return HeldError(Reason.BAD_VALUE, text, value=value)
