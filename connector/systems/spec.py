"""A system as its description says it: frozen values, every default filled in, nothing else.

Names are the keys of the YAML file; a Python keyword has an underscore behind it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connector.systems.condition import Condition, Scalar
from connector.systems.path import From, Path, Take
from connector.systems.spec_auth import Auth, Csrf
from connector.systems.spec_fields import FieldType, Wire, nothing
from connector.systems.spec_objects import ObjectSpec, One, Pages, Stream
from connector.systems.spec_request import Headers, Operation, Request
from connector.systems.template import Template


@dataclass(frozen=True, slots=True)
class Verified:
    """How far a description was tried, and on which day (`YYYY-MM-DD`)."""

    level: Literal["docs", "fake", "sandbox", "live"]
    on: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    url: str
    read: str


@dataclass(frozen=True, slots=True)
class Choice:
    value: Scalar
    label: str


@dataclass(frozen=True, slots=True)
class ChoicesFrom:
    """Choices read from the system after sign-in."""

    request: Request
    records: Path
    value: Path
    label: Path


@dataclass(frozen=True, slots=True)
class Setting:
    """What a person fills in and may see again."""

    name: str
    label: str
    type: Literal["text", "integer", "boolean", "choice", "host", "url", "zone", "date"]
    help: str = ""
    required: bool = True
    default: Scalar | None = None
    example: str = ""
    choices: tuple[Choice, ...] = ()
    choices_from: ChoicesFrom | None = None
    pattern: str | None = None
    from_file: tuple[str, str] | None = None
    from_callback: str | None = None


@dataclass(frozen=True, slots=True)
class CredentialField:
    """What a person fills in and never sees again. `keys` are those of a JSON file."""

    name: str
    label: str
    help: str = ""
    kind: Literal["text", "multiline", "json_file", "pem_key", "pem_certificate"] = "text"
    keys: tuple[str, ...] = ()
    required: bool = True
    expires: Literal["never", "asked", "certificate"] = "never"


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket. `only`: login, read, write, or the name of a stream or object."""

    calls: int
    per_s: int
    only: str | None = None
    share: Literal["connection", "credential"] = "connection"


@dataclass(frozen=True, slots=True)
class Daily:
    """`resets` is "rolling" or a time as "00:00 UTC"; `reserve` calls are kept for writes."""

    calls: int
    resets: str
    reserve: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """Points that the answer reports."""

    asked: Path
    available: Path
    maximum: Path | None = None
    restore_per_s: Path | None = None
    reserve: int = 0


@dataclass(frozen=True, slots=True)
class Remaining:
    """The budget that headers report."""

    header: str
    reset: str | None = None
    as_: Literal["seconds", "epoch_s", "date"] = "seconds"


@dataclass(frozen=True, slots=True)
class Limits:
    timeout_s: int = 30
    connect_s: int = 10
    concurrent: int = 4
    rates: tuple[Rate, ...] = ()
    daily: Daily | None = None
    cost: Cost | None = None
    remaining: Remaining | None = None
    answer_bytes: int = 10_485_760


@dataclass(frozen=True, slots=True)
class Success:
    """`status` empty means 200 to 299."""

    status: tuple[int, ...] = ()
    require: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """One rule; all of `status`, `when` and `on` that are given must hold."""

    kind: Literal[
        "config", "transient", "rate_limited", "refused", "session_expired", "duplicate",
        "stale", "missing", "warning",
    ]  # fmt: skip
    status: tuple[int, ...] = ()
    when: tuple[Condition, ...] = ()
    on: tuple[Operation, ...] = ()
    message: tuple[Path, ...] = ()
    say: str = ""
    done: Literal["no", "maybe"] = "no"
    wait_s: int | None = None
    wait_header: str | None = None
    id: From | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """The test of a connection: a request or the first page of a stream."""

    request: Request | None = None
    stream: str | None = None
    show: Mapping[str, Path] = field(default_factory=nothing)
    expect: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class CredentialCopy:
    """The webhooks are signed with this part of the credential."""

    credential: str


@dataclass(frozen=True, slots=True)
class EventType:
    """Events of this type (which may end in *) speak of records of this stream."""

    type: str
    stream: str
    deleted: bool = False
    record_id: From | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionCall:
    request: Request
    take: Take = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Subscription:
    create: SubscriptionCall
    renew: SubscriptionCall | None = None
    delete: SubscriptionCall | None = None
    list: SubscriptionCall | None = None
    life_s: int | None = None
    renew_early_s: int = 3600
    per: Literal["connection", "type"] = "connection"


@dataclass(frozen=True, slots=True)
class Webhooks:
    """`id` is a value of the event, several paths joined, or the digest of the body."""

    scheme: str
    secret: Literal["typed", "created", "generated"] | CredentialCopy
    id: From | tuple[Path, ...] | Literal["body_digest"]
    types: tuple[EventType, ...]
    handshake: Literal[
        "none", "echo_challenge", "echo_query", "validation_token", "intent_to_receive",
        "hook_secret",
    ] = "none"  # fmt: skip
    events: Path = ()
    type: From | None = None
    record_id: From | None = None
    record_id_in: Literal["last_segment", "parentheses"] | None = None
    record: Path | None = None
    at: From | None = None
    account: tuple[Condition, ...] = ()
    thin: bool = True
    subscription: Subscription | None = None


@dataclass(frozen=True, slots=True)
class Discovery:
    """Where custom fields are listed. In `at`, "*" stands for the found name."""

    for_: tuple[str, ...]
    request: Request
    records: Path
    name: Path
    type: Path
    types: Mapping[str, FieldType]
    as_map: bool = False
    pages: Pages = field(default_factory=Pages)
    label: Path | None = None
    required: Path | None = None
    max: Path | None = None
    choices: Path | None = None
    at: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One connected system."""

    format: int
    name: str
    title: str
    verified: Verified
    sources: tuple[Source, ...]
    urls: Mapping[str, Template]
    hosts: tuple[Template, ...]
    auth: Auth
    check: Check
    about: str = ""
    open: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    credential: tuple[CredentialField, ...] = ()
    headers: Headers = field(default_factory=nothing)
    csrf: Csrf | None = None
    wire: Wire = field(default_factory=Wire)
    limits: Limits = Limits()
    success: Success = Success()
    errors: tuple[ErrorRule, ...] = ()
    streams: Mapping[str, Stream] = field(default_factory=nothing)
    objects: Mapping[str, ObjectSpec] = field(default_factory=nothing)
    webhooks: Webhooks | None = None
    discovery: tuple[Discovery, ...] = ()

    def read_of(self, spec: ObjectSpec) -> One | None:
        """How one record of an object is read back: its own `read`, else its stream's `one`."""
        stream = self.streams.get(spec.stream or "")
        return spec.read or (stream.one if stream else None)
