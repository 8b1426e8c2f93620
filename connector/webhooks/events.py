"""What a delivery says: its events, each with type, stream and record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.crypto import mac
from connector.crypto.keyring import Domain
from connector.systems import path
from connector.systems.condition import Condition, holds
from connector.systems.path import From, Header, Path
from connector.systems.spec import EventType, Webhooks
from connector.systems.wire import jsontext
from connector.webhooks.models import Event
from connector.webhooks.schemes import SECRETS, Delivery, Scheme

MOST_EVENTS = 10_000
LONGEST_ID, LONGEST_TYPE, LONGEST_RECORD_ID = 200, 100, 500


@dataclass(frozen=True, slots=True)
class Found:
    """One event, ready to be stored.

    Attributes:
        event_id: the provider's, or a keyed hash of the body where it gave none that can be kept.
        body_hash: keyed hash of what the signature covers; see models.Event.
        content: what is sealed; of an unreadable event the text as it came.
    """

    event_id: str
    body_hash: bytes
    type: str
    state: Event.State
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an endpoint asks of an event: types (all, if empty) and the account it must be of.

    `account` has its templates filled in; `secrets` are what `is_secret` compares with.
    """

    types: tuple[str, ...]
    account: tuple[Condition, ...]
    secrets: Sequence[str]


def read(spec: Webhooks, scheme: Scheme | None, delivery: Delivery, wanted: Wanted) -> list[Found]:
    """All events of a verified delivery; none if it carries an empty list."""
    bodies = _bodies(spec, delivery.body)
    if bodies is None:
        return [_unreadable(delivery.body)]
    several = len(bodies) > 1
    return [
        _found(spec, scheme, delivery, wanted, body, number if several else None)
        for number, body in enumerate(bodies)
    ]


def carries_secret(spec: Webhooks, delivery: Delivery, secrets: Sequence[str]) -> bool:
    """Whether every event of an unsigned delivery holds the secret that its provider was given."""
    conditions = [one for one in spec.account if one.is_secret]
    bodies = _bodies(spec, delivery.body) or []
    answers = [
        _is_secret(condition, body, delivery, secrets)
        for body in bodies or [None]
        for condition in conditions
    ]
    return bool(bodies) and bool(answers) and all(answers)


def signed_json(delivery: Delivery) -> Any:
    """The body as JSON, or None."""
    try:
        return jsontext.decode(delivery.body)
    except jsontext.NotJson:
        return None


def matches(pattern: str, name: str) -> bool:
    """Whether a type is the one named, or starts as it does where the name ends in "*"."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _bodies(spec: Webhooks, body: bytes) -> list[Any] | None:
    try:
        whole = jsontext.decode(body)
    except jsontext.NotJson:
        return None
    found = path.find(whole, spec.events)
    if isinstance(found, list):
        return found if len(found) <= MOST_EVENTS else None
    return [found] if isinstance(found, dict) and not spec.events else None


def _found(
    spec: Webhooks,
    scheme: Scheme | None,
    delivery: Delivery,
    wanted: Wanted,
    body: Any,
    number: int | None,
) -> Found:
    raw = delivery.body if number is None else jsontext.encode(body)
    headers = dict(delivery.headers)
    kind = _text(path.take(spec.type, body, headers), LONGEST_TYPE) if spec.type else ""
    asked = _asked(spec, wanted, kind)
    record_id = _record_id(spec, asked, body, headers) if asked else ""
    if asked is None or not _is_of_account(wanted, body, delivery):
        state = Event.State.IGNORED
    else:
        state = Event.State.RECEIVED if record_id else Event.State.UNREADABLE
    identity = _identity(spec.id, body, headers)
    if identity and number is not None and isinstance(spec.id, Header):
        identity = f"{identity}:{number}"
    event_id = _kept(identity) or _digest(raw)
    return Found(
        event_id=event_id,
        body_hash=_content_hash(spec, scheme, delivery, event_id, raw),
        type=kind,
        state=state,
        content={
            "stream": asked.stream if asked else "",
            "record": record_id,
            "deleted": bool(asked and asked.deleted),
            "event": body,
        },
    )


def _unreadable(raw: bytes) -> Found:
    return Found(
        event_id=_digest(raw),
        body_hash=_hash(b"", raw),
        type="",
        state=Event.State.UNREADABLE,
        content={"text": raw.decode("utf-8", "backslashreplace")},
    )


def _asked(spec: Webhooks, wanted: Wanted, kind: str) -> EventType | None:
    if wanted.types and not any(matches(pattern, kind) for pattern in wanted.types):
        return None
    return next((one for one in spec.types if matches(one.type, kind)), None)


def _record_id(spec: Webhooks, asked: EventType, body: Any, headers: Mapping[str, str]) -> str:
    source = asked.record_id or spec.record_id
    text = _text(path.take(source, body, headers), LONGEST_RECORD_ID) if source else ""
    if spec.record_id_in == "last_segment":
        return path.last_segment(text)
    return path.parentheses(text) if spec.record_id_in == "parentheses" else text


def _identity(source: Any, body: Any, headers: Mapping[str, str]) -> str:
    if source == "body_digest":
        return ""
    texts = [_text(path.take(one, body, headers), LONGEST_ID) for one in _sources(source)]
    return ":".join(texts) if all(texts) else ""


def _sources(source: From | tuple[Path, ...]) -> Iterable[From]:
    if isinstance(source, tuple) and source and isinstance(source[0], tuple):
        return source
    return [source]  # type: ignore[list-item]


def _text(value: Any, longest: int) -> str:
    """A text or whole number as text that can be kept in a row; "" for everything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    return text if len(text) <= longest and text.isprintable() else ""


def _kept(identity: str) -> str:
    return identity if len(identity) <= LONGEST_ID else ""


def _is_of_account(wanted: Wanted, body: Any, delivery: Delivery) -> bool:
    headers = dict(delivery.headers)
    return all(
        _is_secret(condition, body, delivery, wanted.secrets)
        if condition.is_secret
        else holds(condition, body, headers)
        for condition in wanted.account
    )


def _is_secret(condition: Condition, body: Any, delivery: Delivery, secrets: Sequence[str]) -> bool:
    if condition.header is not None:
        value: Any = delivery.header(condition.header)
    else:
        value = path.find(body, condition.at or ())
    given = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else b""
    same = False
    dummies = [mac.token()] * (SECRETS - len(secrets))
    for secret in [*secrets, *dummies]:
        same |= mac.equal(given, secret.encode()) and bool(secret)
    return same


def _content_hash(
    spec: Webhooks, scheme: Scheme | None, delivery: Delivery, event_id: str, raw: bytes
) -> bytes:
    """Same for two deliveries exactly if what the signature covers is the same."""
    unsigned = isinstance(spec.id, Header) and not (scheme and scheme.signs(spec.id.header))
    stamp = scheme.timestamp.texts(delivery) if scheme and scheme.timestamp else []
    return _hash("".join(stamp).encode() if unsigned else event_id.encode(), raw)


def _digest(raw: bytes) -> str:
    return _hash(b"id", raw).hex()


def _hash(context: bytes, raw: bytes) -> bytes:
    return mac.keyed_hash(Domain.PAYLOAD, "webhook", context, raw, size=32)
