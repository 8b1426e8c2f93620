"""Take a delivery: verify it; store events, audit entries and a job in one transaction.

Nothing of a refused delivery is kept but a count, and an audit entry for the first few an hour.
"""

import re
import time
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows import connections
from connector.jobs import queue
from connector.jobs.registry import Kind
from connector.systems import template
from connector.systems.scope import Scope
from connector.systems.spec import Webhooks
from connector.webhooks import events, handshakes, schemes, store
from connector.webhooks.events import Found, Wanted
from connector.webhooks.models import Endpoint, Event
from connector.webhooks.schemes import Delivery, Verdict

RECORDED_AN_HOUR = 20  # refusals of one kind, for one endpoint; all others are only counted
UNKNOWN, SWITCHED_OFF, TOO_LARGE = "unknown address", "switched off", "too large"

_PATH = re.compile(r"[A-Za-z0-9_-]{1,64}\Z", re.ASCII)
_STAND_IN = "standard"  # the scheme whose work is done for an address that isn't there

INSERT = """
INSERT INTO webhooks_event (endpoint_id, event_id, body_hash, type, body_sealed, state, repeats)
SELECT %s, event_id, body_hash, type, body_sealed, state, 0
FROM unnest(%s::text[], %s::bytea[], %s::text[], %s::bytea[], %s::text[])
     AS one (event_id, body_hash, type, body_sealed, state)
ON CONFLICT DO NOTHING
RETURNING event_id
"""
REPEAT = """
UPDATE webhooks_event SET repeats = repeats + 1
WHERE endpoint_id = %s AND (event_id = ANY(%s) OR body_hash = ANY(%s))
"""
TALLY = """
INSERT INTO webhooks_tally (endpoint_id, hour, outcome, events)
VALUES (%s, date_trunc('hour', statement_timestamp()), %s, 1)
ON CONFLICT (endpoint_id, hour, outcome) DO UPDATE SET events = webhooks_tally.events + 1
RETURNING events
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side gets to see. A refusal is always the same: 401 and nothing else."""

    status: int
    challenge: str | None = None


REFUSED = Answer(401)
TAKEN = Answer(200)  # also for repeats and types that nobody asked for: some know no other success


def receive(path: str, delivery: Delivery, *, sender: str) -> Answer:
    """Take one delivery, whatever it is. The answer is given after the commit.

    Args:
        path: the last part of the address that was called.
        sender: network address of who called, for the audit log.
    """
    endpoint = _endpoint(path)
    if endpoint is None or not endpoint.enabled:
        schemes.verify(schemes.get(_STAND_IN), delivery, [], now_s=time.time())
        refuse(endpoint, UNKNOWN if endpoint is None else SWITCHED_OFF, sender=sender)
        return REFUSED
    spec = store.webhooks_of(endpoint.connection)
    secrets = _secrets(endpoint)
    verdict = _verdict(endpoint, spec, delivery, secrets)
    if verdict is not Verdict.GENUINE:
        refuse(endpoint, verdict, sender=sender)
        return REFUSED
    challenge = handshakes.signed(spec.handshake, events.signed_json(delivery))
    if challenge is not None:
        return Answer(200, challenge)
    found = events.read(spec, _scheme(endpoint), delivery, _wanted(endpoint, spec, secrets))
    _keep(endpoint, found)
    return TAKEN


def greet(path: str, method: str, query: dict[str, str]) -> Answer | None:
    """Answer the greeting that some providers send before any event, or None if it is none."""
    if not query:
        return None
    endpoint = _endpoint(path)
    if endpoint is None or not endpoint.enabled:
        return None
    spec = store.webhooks_of(endpoint.connection)
    token = handshakes.unsigned(spec.handshake, method, query)
    return None if token is None else Answer(200, token)


def refuse_large(path: str, *, sender: str) -> None:
    """Count a delivery that was larger than any may be; it was not read."""
    refuse(_endpoint(path), TOO_LARGE, sender=sender)


@transaction.atomic
def refuse(endpoint: Endpoint | None, reason: str, *, sender: str) -> None:
    """Count a refusal. The first few of a kind in an hour are recorded: a flood fills no disk."""
    with connection.cursor() as cursor:
        cursor.execute(TALLY, [endpoint.pk if endpoint else None, reason])
        count = int(cursor.fetchone()[0])
    if count <= RECORDED_AN_HOUR:
        log.record(
            Action.WEBHOOK_REFUSED,
            actor="webhook",
            subject=store.subject(endpoint) if endpoint else "endpoint:unknown",
            endpoint=endpoint.slug if endpoint else "",
            reason=reason,
            address=sender,
        )


@transaction.atomic
def _keep(endpoint: Endpoint, found: list[Found]) -> None:
    if not found:
        return
    once = {one.event_id: one for one in found}
    found = [once[event_id] for event_id in sorted(once)]  # two deliveries never lock crosswise
    new = _insert(endpoint, found)
    if len(new) < len(found):
        _count_repeats(endpoint, [one for one in found if one.event_id not in new])
    kept = [one for one in found if one.event_id in new]
    if not kept:
        return
    log.record_many(
        Action.WEBHOOK_RECEIVED,
        actor=f"webhook:{endpoint.slug}",
        entries=[
            (
                store.subject(endpoint),
                {"endpoint": endpoint.slug, "event": one.event_id, "type": one.type},
            )
            for one in kept
        ],
    )
    if any(one.state == Event.State.RECEIVED for one in kept):
        enqueue(endpoint)


def enqueue(endpoint: Endpoint, *, delay_s: float = 0) -> None:
    """Ask the worker to process the endpoint's events; one waiting job is enough for all."""
    queue.enqueue(
        Kind.WEBHOOKS_PROCESS,
        args={"endpoint": str(endpoint.pk)},
        dedupe_key=f"{Kind.WEBHOOKS_PROCESS}:{endpoint.pk}",
        delay_s=delay_s,
    )


def _insert(endpoint: Endpoint, found: list[Found]) -> set[str]:
    """Insert what is not there yet; return the ids of what was."""
    rows = [
        (
            one.event_id,
            one.body_hash,
            one.type,
            envelope.seal_json(
                Domain.PAYLOAD,
                one.content,
                place=Event(endpoint=endpoint, event_id=one.event_id).body_place,
            ),
            one.state.value,
        )
        for one in found
    ]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [endpoint.pk, *(list(column) for column in zip(*rows, strict=True))])
        return {row[0] for row in cursor.fetchall()}


def _count_repeats(endpoint: Endpoint, repeated: list[Found]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            REPEAT,
            [
                endpoint.pk,
                [one.event_id for one in repeated],
                [one.body_hash for one in repeated],
            ],
        )


def _endpoint(path: str) -> Endpoint | None:
    if not _PATH.match(path):
        return None
    rows = Endpoint.objects.select_related("connection").order_by()
    return next(iter(rows.filter(path=path, archived_at=None)), None)


def _secrets(endpoint: Endpoint) -> list[str]:
    """The secrets that count now: the present one, and the previous one while it overlaps."""
    sealed = {"secret": endpoint.secret_sealed}
    if endpoint.previous_until and endpoint.previous_until > timezone.now():
        sealed["previous"] = endpoint.previous_sealed
    return [
        envelope.open_sealed(Domain.RECEIVER, bytes(blob), place=endpoint.place(field)).decode()
        for field, blob in sealed.items()
        if blob
    ]


def _scheme(endpoint: Endpoint) -> schemes.Scheme | None:
    return None if endpoint.scheme == store.UNSIGNED else schemes.get(endpoint.scheme)


def _verdict(endpoint: Endpoint, spec: Webhooks, delivery: Delivery, secrets: list[str]) -> Verdict:
    scheme = _scheme(endpoint)
    if scheme is not None:
        return schemes.verify(scheme, delivery, secrets, now_s=time.time())
    genuine = events.carries_secret(spec, delivery, secrets)
    return Verdict.GENUINE if genuine else Verdict.WRONG


def _wanted(endpoint: Endpoint, spec: Webhooks, secrets: list[str]) -> Wanted:
    account = spec.account
    if any(isinstance(one.is_, str) and "{{" in one.is_ for one in account):
        scope = Scope(names={"settings": connections.settings_of(endpoint.connection)})
        account = tuple(template.settle(one, scope) for one in account)
    return Wanted(types=tuple(endpoint.events), account=account, secrets=secrets)
