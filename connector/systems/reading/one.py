"""One record by its id."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.systems import path
from connector.systems.call import Caller
from connector.systems.classify import Trouble
from connector.systems.spec_fields import nothing
from connector.systems.spec_objects import One


@dataclass(frozen=True, slots=True)
class Taken:
    """The record as it came, and what later calls need of the answer."""

    record: Mapping[str, Any] = field(repr=False)
    take: Mapping[str, Any] = field(default_factory=nothing, repr=False)


def read_one(caller: Caller, one: One, remote_id: str, *, about: str) -> Taken | None:
    """None if the system has no such record (any more). Raises SystemFailure."""
    scope = caller.context.scope({"id": remote_id})
    answer = caller.ask(one.request, scope, "one", about=about)
    if isinstance(answer, Trouble):
        if answer.kind == "missing":
            return None
        raise answer.failure()
    record = path.find(answer.body, one.record)
    if not isinstance(record, dict):
        return None
    return Taken(record, path.take_all(one.take, answer.body, answer.headers))
