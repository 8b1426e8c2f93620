"""Secrets for the leak test: put in through the product itself, used, and taken out again."""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from appliance.leaktest.listener import Listener, Mood, listening
from connector.crypto import mac
from connector.crypto.secret import Secret
from connector.flows import connections
from connector.flows.models import Connection
from connector.systems import uploaded
from connector.webhooks import receive, store
from connector.webhooks.models import Endpoint
from connector.webhooks.schemes import Delivery

ACTOR = "command:leaktest"
TEST_S = 30.0
MOODS: tuple[Mood, ...] = ("answers", "refuses", "fails", "hangs up", "says nothing")
SYSTEM = """
format: 1
name: {name}
title: Leak test, removed at its end
verified: {{level: fake, on: "2026-11-25"}}
sources: [{{url: "https://example.com/none", read: "2026-11-25"}}]
settings:
  - {{name: url, label: Address, type: url, pattern: '^https?://[a-z0-9.-]+(:[0-9]{{1,5}})?$'}}
  - {{name: note, label: Note, type: text}}
credential:
  - {{name: api_key, label: API key}}
  - {{name: second, label: Second key}}
urls: {{main: "{{{{ settings.url }}}}/v1/"}}
hosts: ["{{{{ settings.url | host }}}}"]
auth:
  type: static
  send:
    headers: {{X-Api-Key: "{{{{ credential.api_key }}}}", X-Second: "{{{{ credential.second }}}}"}}
limits: {{timeout_s: 2}}
errors:
  - {{status: [401], kind: config, say: The leak test refused the key., message: problem}}
check: {{request: {{path: check}}, show: {{name: name}}}}
streams:
  things:
    title: Things
    request: {{path: things}}
    records: things
    key: id
    one: {{request: {{path: "things/{{{{ id }}}}"}}, record: []}}
    fields: {{id: id}}
webhooks:
  scheme: standard
  secret: typed
  handshake: none
  id: id
  type: type
  at: at
  record_id: [data, id]
  types: [{{type: thing.*, stream: things}}]
  thin: true
"""
OURS = "SELECT name FROM systems_uploadedsystem WHERE saved_by = %s"
REMOVE = """
CREATE TEMPORARY TABLE ours ON COMMIT DROP AS
    SELECT id FROM flows_connection WHERE system IN
        (SELECT name FROM systems_uploadedsystem WHERE saved_by = 'command:leaktest');
CREATE TEMPORARY TABLE hooks ON COMMIT DROP AS
    SELECT id FROM webhooks_endpoint WHERE connection_id IN (SELECT id FROM ours);
DELETE FROM jobs_job WHERE args->>'connection' IN (SELECT id::text FROM ours)
    OR args->>'endpoint' IN (SELECT id::text FROM hooks);
DELETE FROM webhooks_event WHERE endpoint_id IN (SELECT id FROM hooks);
DELETE FROM webhooks_tally WHERE endpoint_id IN (SELECT id FROM hooks);
DELETE FROM webhooks_endpoint WHERE id IN (SELECT id FROM hooks);
DELETE FROM flows_connection WHERE id IN (SELECT id FROM ours);
DELETE FROM systems_uploadedsystem WHERE saved_by = 'command:leaktest'
"""


@dataclass(slots=True)
class Planted:
    """What was put in, and what was done with it."""

    slug: str
    secrets: Mapping[str, str] = field(repr=False)
    shown: tuple[str, ...] = ("note of a connection",)  # no secret to those who may look at it
    driven: list[str] = field(default_factory=list)
    not_driven: list[str] = field(default_factory=list)


@contextmanager
def planted(owner: psycopg.Connection[Any]) -> Iterator[Planted]:
    """Put secrets in, use them, and remove() all of it at the end, whatever happens.

    What an earlier leak test that was killed left behind is removed as well.
    """
    remove(owner)
    try:
        with listening() as listener:
            story = Planted(f"leaktest-{mac.random_bytes(4).hex()}", _fresh())
            _drive(story, listener)
            yield story
    finally:
        remove(owner)


def remove(owner: psycopg.Connection[Any]) -> None:
    """Shred the credentials that a leak test put in, and delete every other row of it.

    What stays is what stays of every credential: its name and its empty versions, and
    the audit log. No one may delete those, and the leak test does not either.
    """
    names = [row[0] for row in owner.execute(OURS, [ACTOR])]
    for row in Connection.objects.filter(system__in=names).exclude(credential=None):
        connections.delete_credential(row, actor=ACTOR)
    with owner.transaction():
        owner.execute(REMOVE)


def _fresh() -> dict[str, str]:
    names = (
        *("credential", "second field of it", "rotated credential", "second field, rotated"),
        *("refused credential", "second field, refused", "webhook secret"),
        *("rotated webhook secret", "body of a webhook", "note of a connection"),
    )
    return {name: f"lk{mac.random_bytes(12).hex()}<&+/={at}" for at, name in enumerate(names)}


def _drive(story: Planted, listener: Listener) -> None:
    name, secrets = story.slug.replace("-", "_"), story.secrets
    uploaded.save(SYSTEM.format(name=name), filename=f"{name}.yaml", actor=ACTOR)
    row = connections.create(
        slug=story.slug,
        title="Leak test, removed at its end",
        system=name,
        settings={"url": listener.url, "note": secrets["note of a connection"]},
        secrets=_pair(secrets["credential"], secrets["second field of it"]),
        actor=ACTOR,
    )
    for mood in MOODS:
        connections.ask_test(row, actor=ACTOR)
        _tested(story, row, listener, mood, "the credential")
    for mood, key in ((MOODS[0], "rotated"), (MOODS[1], "refused")):
        fields = _pair(secrets[f"{key} credential"], secrets[f"second field, {key}"])
        connections.change(row, secrets=fields, actor=ACTOR)
        _tested(story, row, listener, mood, f"the {key} credential")
    _deliver(story, row)


def _pair(first: str, second: str) -> dict[str, Secret]:
    return {"api_key": Secret(first), "second": Secret(second)}


def _tested(story: Planted, row: Connection, listener: Listener, mood: Mood, what: str) -> None:
    """Wait until the worker has tested the connection while the system was in a mood."""
    listener.mood, calls = mood, listener.calls
    asked, deadline = Connection.objects.get(pk=row.pk).test_asked_at, time.monotonic() + TEST_S
    while time.monotonic() < deadline:
        now = Connection.objects.get(pk=row.pk)
        if now.checked_at and asked and now.checked_at >= asked:
            called = "" if listener.calls > calls else ", which was not called from here"
            line = f"{what}: test of a system that {mood}{called}"
            (story.driven if not called else story.not_driven).append(line)
            return
        time.sleep(0.05)
    story.not_driven.append(f"{what}: test of a system that {mood}: no worker answered in time")


def _deliver(story: Planted, row: Connection) -> None:
    """An event that is taken, one that is forged, and one under a secret that was rotated."""
    texts = story.secrets["webhook secret"], story.secrets["rotated webhook secret"]
    first, second = ("whsec_" + base64.b64encode(text.encode()).decode() for text in texts)
    hook = store.create(
        slug=story.slug, title=row.title, connection=row, secret=Secret(first), actor=ACTOR
    )
    body = {"id": "leaktest", "type": "thing.changed", "data": {"id": "1"}}
    body |= {"note": story.secrets["body of a webhook"]}
    right = _send(hook, body, texts[0])
    forged = _send(hook, body | {"id": "forged"}, texts[1])
    store.rotate_secret(hook, Secret(second), actor=ACTOR)
    rotated = _send(hook, body | {"id": "rotated"}, texts[1])
    for what, status in (("right", right), ("forged", forged), ("rotated", rotated)):
        story.driven.append(f"a webhook with a {what} signature: answered {status}")


def _send(hook: Endpoint, event: dict[str, Any], key: str) -> int:
    body, stamp = json.dumps(event).encode(), str(int(time.time()))
    signed = b".".join([event["id"].encode(), stamp.encode(), body])
    signature = base64.b64encode(mac.hmac_digest("sha256", key.encode(), signed)).decode()
    headers = (
        ("webhook-id", event["id"]),
        ("webhook-timestamp", stamp),
        ("webhook-signature", f"v1,{signature}"),
    )
    delivery = Delivery(body, headers, store.address(hook.path))
    return receive.receive(hook.path, delivery, sender="127.0.0.1").status
