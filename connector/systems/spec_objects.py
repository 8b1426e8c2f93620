"""What can be read (streams) and written (objects)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connector.systems.body import Body
from connector.systems.condition import Condition
from connector.systems.path import From, Header, Path, Take
from connector.systems.spec_fields import Fields, nothing
from connector.systems.spec_request import Query, Request


@dataclass(frozen=True, slots=True)
class LastRecord:
    """The page token is this value of the last record."""

    last: Path


@dataclass(frozen=True, slots=True)
class Stop:
    """When the pages end: at `total`, when `more` is false, or (neither) at a short page."""

    total: Path | None = None
    more: Path | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """What a bookmark pager adds to the first or to the later requests."""

    query: Query = field(default_factory=nothing)
    body: Body | None = None


@dataclass(frozen=True, slots=True)
class Pages:
    """How one page follows another. Which keys count depends on `type`."""

    type: Literal[
        "none", "offset", "page", "cursor", "bookmark", "next_url", "link_header", "graphql"
    ] = "none"
    size: int = 100
    most: int = 10_000
    start: int = 0
    stop: Stop = Stop()
    next: Path | Header | LastRecord | None = None
    more: Path | None = None
    first: Merge = Merge()
    later: Merge = Merge()
    rel: str = "next"
    info: Path | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """What moves on. `start` is None where the first read has no lower bound."""

    field: Path
    grain: Literal["millisecond", "second", "minute", "day", "integer", "text"]
    else_: Path | None = None
    overlap_s: int = 300
    lag_s: int = 0
    start: str | None = "1970-01-01T00:00:00Z"
    max_age_s: int | None = None


@dataclass(frozen=True, slots=True)
class One:
    """One record by its id."""

    request: Request
    record: Path
    take: Take = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Changes:
    """Another way to learn what changed; the records themselves are fetched with `one`."""

    request: Request
    records: Path
    key: tuple[Path, ...]
    id: Path
    cursor: Cursor
    empty_when: Condition | None = None
    as_map: bool = False
    pages: Pages = Pages()
    deleted: Condition | None = None


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Tells the source what was taken, after the ledger has it; safe to repeat."""

    request: Request
    batch: int = 100
    on: tuple[Literal["delivered", "rejected"], ...] = ("delivered",)


@dataclass(frozen=True, slots=True)
class Stream:
    """What can be read."""

    name: str
    title: str
    request: Request
    records: Path
    key: tuple[Path, ...]
    empty_when: Condition | None = None
    as_map: bool = False
    complete_when: Condition | None = None
    unwrap: str | None = None
    pages: Pages = Pages()
    cursor: Cursor | None = None
    changes: Changes | None = None
    one: One | None = None
    detail: bool = False
    acknowledge: Acknowledge | None = None
    deleted: Condition | None = None
    order: Literal["cursor", "none"] = "none"
    fields: Fields = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Find:
    """Looks a record up when nothing is known of it. `compare`: field -> place in the answer."""

    request: Request
    records: Path
    id: Path
    compare: Mapping[str, Path]
    empty_when: Condition | None = None
    pages: Pages = Pages()
    where: tuple[Condition, ...] = ()
    lag_s: int = 0
    proves_absence: bool = True


@dataclass(frozen=True, slots=True)
class Idempotency:
    """How a repeat is kept from making a second record. `name` is a path for `body`."""

    kind: Literal["header", "query", "body", "upsert", "lookup", "none"]
    name: Path = ()
    window_s: int | None = None
    most: int = 255
    repeat: Literal["same_answer", "conflict"] | None = None
    by: Literal["external_id"] | None = None
    accept: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A call after the main one. Either `skip_when`, or `each` with `already`."""

    name: str
    request: Request
    take: Take = field(default_factory=nothing)
    if_: tuple[str, ...] | None = None
    skip_when: Condition | None = None
    final: bool = False
    each: tuple[str, ...] | None = None
    already: Path | None = None


@dataclass(frozen=True, slots=True)
class WaitFor:
    """An asynchronous job: asked every `every_s`, at most `most_s` long."""

    location: From
    every_s: int
    most_s: int
    done: Condition
    failed: Condition | None = None
    id: From | None = None


@dataclass(frozen=True, slots=True)
class Create:
    """`id` is "given" where the address was ours (an upsert by external id)."""

    request: Request
    id: From | Literal["given"]
    take: Take = field(default_factory=nothing)
    then: tuple[Step, ...] = ()
    wait_for: WaitFor | None = None


@dataclass(frozen=True, slots=True)
class Update:
    request: Request
    take: Take = field(default_factory=nothing)
    read_first: bool = False
    partial: bool = True
    merge: Literal["read", "none"] = "none"
    lines: bool = True
    then: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Void:
    request: Request
    read_first: bool = False


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """What can be written. A missing verb is not offered."""

    name: str
    title: str
    fields: Fields
    idempotency: Idempotency
    help: str = ""
    stream: str | None = None
    read: One | None = None
    match: tuple[str, ...] = ()
    find: Find | None = None
    create: Create | None = None
    update: Update | None = None
    void: Void | None = None
    final: Condition | None = None
    order_after: tuple[str, ...] = ()
