"""The face of a connected system: what a run, a test and a look-up ask of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.conf import settings as box

from connector.crypto.secret import Secret
from connector.systems.addresses import Guard
from connector.systems.auth.base import revealed
from connector.systems.auth.oauth2 import TokenStore
from connector.systems.auth.oauth2_person import Person, person
from connector.systems.call import Caller
from connector.systems.check import check
from connector.systems.condition import holds
from connector.systems.context import Context
from connector.systems.errors import Kind, SystemFailure
from connector.systems.hosts import Hosts, allowed_hosts
from connector.systems.limits import Limiter
from connector.systems.outcomes import (
    CheckResult,
    FindResult,
    Outcome,
    Page,
    Prepared,
    ReadBack,
    Verb,
)
from connector.systems.reading.acknowledge import acknowledge
from connector.systems.reading.key import record_key
from connector.systems.reading.one import read_one
from connector.systems.reading.read import read_page
from connector.systems.spec import System
from connector.systems.spec_fields import Fields
from connector.systems.transport import Bounds, Transport
from connector.systems.writing import prepare
from connector.systems.writing.find import find
from connector.systems.writing.idempotency import repeat_window_s
from connector.systems.writing.send import send
from connector.systems.writing.steps import Work, finish, steps_of


class Client:
    """One account at one system, for the length of one run. Safe to use from many threads.

    Tokens and sessions live in it and end with it. `hosts` is what the credential is bound to
    (empty where the system has none), `bucket` and `credential_bucket` name what shares rate
    limits. Only calls that read leave it when it is `read_only`. Every method may raise
    SystemFailure, whose text is safe to show; `send`, `finish` and `find` say in their results
    what is certain.
    """

    def __init__(
        self,
        system: System,
        *,
        settings: Mapping[str, Any],
        credential: Mapping[str, Secret],
        hosts: Sequence[str],
        zone: str | None,
        bucket: str,
        credential_bucket: str = "",
        read_only: bool = False,
        tokens: TokenStore | None = None,
    ) -> None:
        self.system = system
        self.context = Context(system, settings, _zone(zone))
        names = allowed_hosts(system, settings)
        guard = Guard.of(box.CONNECTOR_ALLOWED_PRIVATE_HOSTS, loopback=box.CONNECTOR_ALLOW_LOOPBACK)
        bound = tuple(hosts) if hosts or credential else names
        clear = revealed(system.credential, credential)
        limits = system.limits
        self._caller = Caller(
            self.context,
            Transport(
                Hosts(names, bound, system.title, guard.loopback),
                guard,
                Bounds(limits.connect_s, limits.timeout_s, limits.answer_bytes),
                certificate=_certificate(system, clear),
            ),
            Limiter(system.title, limits, bucket, credential_bucket or bucket),
            clear,
            store=tokens,
            read_only=read_only,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and forget the sign-in."""
        self._caller.close()

    def person(self) -> Person:
        """What it takes to have a person grant access."""
        return person(self._caller.auth, self.context)

    @property
    def inside(self) -> tuple[str, ...]:
        """Hosts that were reached in private networks, because the operator named them."""
        return tuple(sorted(self._caller.transport.inside))

    def check(self) -> CheckResult:
        """Test the connection."""
        return check(self._caller)

    def read_page(
        self,
        stream: str,
        *,
        position: Mapping[str, Any] | None,
        mark: str,
        full: bool = False,
    ) -> Page:
        """A page of a stream; `position` is `next` of the page before, None begins a read."""
        spec = self.context.stream(stream)
        return read_page(self._caller, spec, position=position, mark=mark, full=full)

    def read_one(self, stream: str, remote_id: str) -> Mapping[str, Any] | None:
        """One record by its id, or None if it is not there."""
        spec = self.context.stream(stream)
        if spec.one is None:
            raise SystemFailure(Kind.CONFIG, f'"{spec.title}" can\'t be read one by one.')
        taken = read_one(self._caller, spec.one, remote_id, about=spec.name)
        return taken.record if taken else None

    def record_key(self, stream: str, record: Mapping[str, Any]) -> str:
        """The identity of a record as one text."""
        return record_key(self.context.stream(stream), record)

    def acknowledge(self, stream: str, batch: Sequence[Mapping[str, Any]], *, key: str) -> None:
        """Tell the source what was taken; `batch` of `{id, remote_id, ok, message}`."""
        acknowledge(self._caller, self.context.stream(stream), batch, key=key)

    def prepare_create(
        self, object_: str, values: Mapping[str, Any], *, key: str, external_id: str
    ) -> Prepared:
        """A create, ready to be sent. Calls nobody."""
        spec = self.context.object(object_)
        return prepare.prepare_create(self.context, spec, values, key=key, external_id=external_id)

    def prepare_update(
        self,
        object_: str,
        values: Mapping[str, Any],
        *,
        remote_id: str,
        take: Mapping[str, Any],
        key: str,
        external_id: str = "",
        current: ReadBack | None = None,
    ) -> Prepared:
        """An update, ready to be sent. Reads the record first where that is needed.

        Raises:
            prepare.ChangedAfterFinal: it takes no such change any more.
        """
        spec = self.context.object(object_)
        if current is None and spec.update and self.reads_before_update(object_):
            current = self.read_back(object_, remote_id)
            if current is None:
                raise SystemFailure(
                    Kind.REFUSED, f"{spec.title} {remote_id} is not there any more."
                )
        return prepare.prepare_update(
            self.context,
            spec,
            values,
            remote_id=remote_id,
            take=take,
            key=key,
            external_id=external_id,
            current=current,
        )

    def prepare_void(
        self, object_: str, *, remote_id: str, take: Mapping[str, Any], key: str
    ) -> Prepared:
        """A cancelling, ready to be sent. Reads the record first where that is needed."""
        spec = self.context.object(object_)
        if spec.void and spec.void.read_first:
            current = self.read_back(object_, remote_id)
            take = {**take, **(current.take if current else {})}
        return prepare.prepare_void(self.context, spec, remote_id=remote_id, take=take, key=key)

    def send(self, prepared: Prepared) -> Outcome:
        """Send a write once and say what is certain. Raises nothing."""
        return send(self._caller, self.context.object(prepared.object), prepared)

    def finish(
        self,
        object_: str,
        values: Mapping[str, Any],
        *,
        verb: Verb,
        remote_id: str,
        take: Mapping[str, Any],
        key: str,
        external_id: str = "",
        done: int = 0,
        resumed: bool = False,
        on_step: Callable[[int], None],
    ) -> Outcome:
        """Make the steps after a write whose outcome was Delivered with `steps`."""
        return finish(
            self._caller,
            self.context.object(object_),
            Work(values, verb, remote_id, take, key, external_id),
            done=done,
            resumed=resumed,
            on_step=on_step,
        )

    def find(self, object_: str, values: Mapping[str, Any], *, external_id: str) -> FindResult:
        """Look for a record with these values."""
        return find(self._caller, self.context.object(object_), values, external_id=external_id)

    def read_back(self, object_: str, remote_id: str) -> ReadBack | None:
        """The record of an object as it is there now; None if it is gone."""
        spec = self.context.object(object_)
        one = self.system.read_of(spec)
        if one is None:
            raise SystemFailure(Kind.CONFIG, f"{spec.title} can't be read back.")
        taken = read_one(self._caller, one, remote_id, about=spec.name)
        if taken is None:
            return None
        values = prepare.read_back_values(self.context, spec, taken.record)
        final = spec.final is not None and holds(spec.final, taken.record)
        return ReadBack(taken.record, values, taken.take, final)

    def may_repeat(self, object_: str, verb: str) -> bool:
        """Whether the very same write may be sent again at once."""
        return self.repeat_window_s(object_, verb) > 0

    def repeat_window_s(self, object_: str, verb: str) -> float:
        """For how many seconds after the first try it may be sent again; inf is for ever."""
        return repeat_window_s(self.context.object(object_), verb)

    def can_find(self, object_: str) -> bool:
        """Whether a record can be looked up without its id."""
        return self.context.object(object_).find is not None

    def can_read_back(self, object_: str) -> bool:
        """Whether a record can be read by its id, as it is there now."""
        return self.system.read_of(self.context.object(object_)) is not None

    def looks_first(self, object_: str) -> bool:
        """Whether a look-up must come before the first create."""
        return self.context.object(object_).idempotency.kind == "lookup"

    def reads_before_update(self, object_: str) -> bool:
        """Whether an update needs the record as it is there now."""
        spec = self.context.object(object_)
        update = spec.update
        if update is None:
            return False
        can_read = self.system.read_of(spec) is not None
        return update.read_first or (
            can_read and (spec.final is not None or not update.lines or update.merge == "read")
        )

    def steps(self, object_: str, verb: str) -> int:
        """How many calls follow a write of this kind."""
        return len(steps_of(self.context, self.context.object(object_), verb))

    def field_types(self, object_: str) -> Fields:
        """What can be written to an object."""
        return self.context.object(object_).fields

    def stream_fields(self, stream: str) -> Fields:
        """What a stream is known to hold."""
        return self.context.stream(stream).fields


def _zone(name: str | None) -> tzinfo:
    """Raises SystemFailure (config) if there is no such time zone."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ValueError, OSError):
        raise SystemFailure(Kind.CONFIG, f'There is no time zone "{name}".') from None


def _certificate(system: System, clear: Mapping[str, Any]) -> tuple[bytes, bytes] | None:
    """The client certificate and its key. Raises SystemFailure (config) if one is missing."""
    wanted = system.auth.certificate
    if wanted is None:
        return None
    if wanted.cert not in clear or wanted.key not in clear:
        raise SystemFailure(Kind.CONFIG, f"{system.title} wants a client certificate.")
    return clear[wanted.cert].encode(), clear[wanted.key].encode()
