"""What comes of one record: mapped, skipped, or held with all its problems at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.flows.mapping.errors import Reason


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a field can't be mapped.

    `value` may be personal: it is sealed where it is stored. `wait_key` names the map entry or the
    link whose arrival solves the problem ("" = only a person or a changed record does).
    """

    field: str
    reason: Reason
    value: object
    text: str
    wait_key: str = ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """Typed values by target field, nested: Decimal, date, datetime (aware), str, int, bool, None.

    `modes` names the fields that are not simply overwritten: {"phone": "if_empty"}.
    """

    values: dict[str, object]
    modes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Not to be sent, and rightly so. `why` is "filter", or the field with `if_empty: skip`."""

    why: str


@dataclass(frozen=True, slots=True)
class Held:
    problems: tuple[Problem, ...]


Outcome = Mapped | Skipped | Held


@dataclass(frozen=True, slots=True)
class Step:
    """One transform of a row and the value after it."""

    name: str
    value: object


@dataclass(frozen=True, slots=True)
class FieldTrace:
    """How one target field came to its value: the paths, what was read, each step, the problem."""

    field: str
    paths: tuple[str, ...]
    read: object
    steps: tuple[Step, ...]
    value: object
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Preview:
    outcome: Outcome
    fields: tuple[FieldTrace, ...]
