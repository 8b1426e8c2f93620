"""The records in an answer. Pure."""

from typing import Any

from connector.systems import path
from connector.systems.classify import Answer
from connector.systems.condition import Condition, holds
from connector.systems.errors import Kind, SystemFailure


def records_in(
    answer: Answer,
    place: path.Path,
    *,
    what: str,
    empty_when: Condition | None = None,
    as_map: bool = False,
    unwrap: str | None = None,
) -> list[dict[str, Any]]:
    """The list of records; of an object (`as_map`) its values, each with its key as `@key`.

    Raises SystemFailure (config) where there is no list: a missing list is never taken for an
    empty one, unless `empty_when` says so.
    """
    if empty_when is not None and holds(empty_when, answer.body, answer.headers):
        return []
    found = path.find(answer.body, place)
    if as_map and isinstance(found, dict):
        found = [
            {**value, "@key": key} if isinstance(value, dict) else value
            for key, value in found.items()
        ]
    if not isinstance(found, list):
        raise _no(what, "without a list of records")
    records = [path.find(item, (unwrap,)) for item in found] if unwrap else found
    if not all(isinstance(record, dict) for record in records):
        raise _no(what, "with something that is no record")
    return records


def _no(what: str, why: str) -> SystemFailure:
    return SystemFailure(Kind.CONFIG, f"{what} was answered {why}.")
