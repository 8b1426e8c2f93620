"""What can come of a write and of a look-up: closed unions of plain values.

A write ends in exactly one of `Outcome`; whoever sends decides by `match`, so that nothing
is ever taken for delivered because nobody thought of it.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from connector.systems.errors import SystemFailure
from connector.systems.spec_fields import nothing

Verb: TypeAlias = Literal["create", "update", "void"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One write, ready to be sent, and to be sent again byte for byte.

    It holds neither credential nor host: `base` names one of the system's URLs, and signing in
    happens when it is sent. `to_json` is what the ledger seals.
    """

    object: str
    verb: Verb
    method: str
    base: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None = field(default=None, repr=False)
    answer: Literal["json", "none", "text", "token"] = "json"
    remote_id: str = ""
    external_id: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; the body in base64."""
        body = None if self.body is None else base64.b64encode(self.body).decode()
        return {
            "object": self.object,
            "verb": self.verb,
            "method": self.method,
            "base": self.base,
            "target": self.target,
            "headers": dict(self.headers),
            "body": body,
            "answer": self.answer,
            "remote_id": self.remote_id,
            "external_id": self.external_id,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Prepared":
        """The inverse of to_json."""
        body = value["body"]
        return cls(**{**value, "body": None if body is None else base64.b64decode(body)})


@dataclass(frozen=True, slots=True)
class Delivered:
    """The system has it, under this id. `take` is what later calls need (ETag, SyncToken).

    `steps` is how many calls must follow (`Client.finish`), once the id is stored.
    """

    remote_id: str
    take: Mapping[str, Any] = field(default_factory=nothing)
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """The system said no, for a reason in the data."""

    message: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """It may have happened: no answer, or one that proves nothing."""

    message: str
    wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """It did not happen, and not because of the record: it may be tried again."""

    failure: SystemFailure


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The system says that it has it already; with the id, if it told."""

    remote_id: str | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Stale:
    """The record was changed there since it was read."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """The record that was to be changed is not there any more."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class Warned:
    """The system asks for a confirmation, which only a person may give."""

    message: str


Outcome: TypeAlias = Delivered | Refused | Uncertain | NotSent | Duplicate | Stale | Gone | Warned


@dataclass(frozen=True, slots=True)
class Found:
    """Exactly one record, equal in every compared field."""

    remote_id: str
    take: Mapping[str, Any] = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class NoneThere:
    """No such record was shown. Only if `proven` may it be sent for that reason.

    `after_s`: so long a fresh record may stay unseen; before that, "none" counts for nothing.
    """

    proven: bool
    after_s: float = 0


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several records are equal in every compared field."""

    count: int
    message: str


@dataclass(frozen=True, slots=True)
class Unlike:
    """A record looks like this one but differs in some compared field."""

    count: int
    message: str


FindResult: TypeAlias = Found | NoneThere | Ambiguous | Unlike


@dataclass(frozen=True, slots=True)
class ReadBack:
    """One record of an object as the system holds it now.

    `values` are its mapped fields, typed; `final` says that it takes no more changes.
    """

    record: Mapping[str, Any] = field(repr=False)
    values: Mapping[str, Any] = field(repr=False)
    take: Mapping[str, Any] = field(default_factory=nothing, repr=False)
    final: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a stream.

    `records` are as the system sent them. `next` is the position to go on from (JSON), None at
    the end. `mark` is the mark to store with this page: it moves only as far as is safe.
    `deleted` are keys of records that went away. `cut` came incomplete and must not be delivered.
    `note` says what a person should know of this read.
    """

    records: tuple[Mapping[str, Any], ...]
    next: dict[str, Any] | None
    mark: str
    deleted: tuple[str, ...] = ()
    cut: tuple[Mapping[str, Any], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The test of a connection passed; `account` says whose account it is (label -> text)."""

    account: Mapping[str, str]
