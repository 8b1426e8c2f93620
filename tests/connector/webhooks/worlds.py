"""A small system that sends events, an endpoint for it, and deliveries signed as it signs them."""

import base64
import time
from typing import Any
from uuid import uuid4

import yaml
from django.test import Client
from django.urls import reverse

from connector.audit.models import Entry
from connector.crypto import envelope, mac
from connector.crypto.keyring import Domain
from connector.crypto.secret import Secret
from connector.flows import connections, definition
from connector.flows.definition import Definition
from connector.flows.models import Connection, Flow, Version
from connector.jobs.models import Job
from connector.systems import uploaded
from connector.webhooks import store
from connector.webhooks.models import Endpoint, Event

KEY = b"a key of thirty-two bytes, no more"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
TEXT_SECRET = "a secret that is text"
BILL = b'{"type": "bill.paid", "data": {"id": "b-1", "amount": 10.00}}'

SYSTEM: dict[str, Any] = {
    "format": 1,
    "title": "Events Ltd",
    "verified": {"level": "fake", "on": "2026-11-24"},
    "sources": [{"url": "https://events.example/docs", "read": "2026-11-24"}],
    "settings": [
        {"name": "account", "label": "Account", "type": "text", "default": "acc-1"},
    ],
    "urls": {"main": "https://api.events.example/"},
    "hosts": ["api.events.example"],
    "auth": {"type": "none"},
    "check": {"request": {"path": "me"}},
    "streams": {
        "bills": {
            "title": "Bills",
            "request": {"path": "bills"},
            "records": "items",
            "key": "id",
            "one": {"request": {"path": "bills/{{ id }}"}, "record": []},
            "fields": {"id": "id"},
        },
        "vendors": {
            "title": "Vendors",
            "request": {"path": "vendors"},
            "records": "items",
            "key": "id",
            "one": {"request": {"path": "vendors/{{ id }}"}, "record": []},
            "fields": {"id": "id"},
        },
    },
}
WEBHOOKS: dict[str, Any] = {
    "scheme": "standard",
    "secret": "typed",
    "id": {"header": "webhook-id"},
    "type": "type",
    "record_id": ["data", "id"],
    "types": [
        {"type": "bill.*", "stream": "bills"},
        {"type": "vendor.deleted", "stream": "vendors", "deleted": True},
        {"type": "vendor.*", "stream": "vendors", "record_id": "vendor"},
    ],
}


def a_connection(webhooks: dict[str, Any] | None = None, name: str = "events_ltd") -> Connection:
    """A connection to Events Ltd, whose description says this of webhooks."""
    said = {**SYSTEM, "name": name, "webhooks": {**WEBHOOKS, **(webhooks or {})}}
    uploaded.save(yaml.safe_dump(said), filename=f"{name}.yaml", actor="omar")
    slug = f"{name.replace('_', '-')}-{uuid4().hex[:6]}"
    return connections.create(
        slug=slug, title="Events", system=name, settings={}, secrets={}, actor="omar"
    )


def an_endpoint(
    webhooks: dict[str, Any] | None = None, *, slug: str = "bills-in", **more: Any
) -> Endpoint:
    """An endpoint that is ready to take deliveries."""
    return store.create(
        slug=slug,
        title="Bills",
        actor="omar",
        **{"connection": more.pop("connection", None) or a_connection(webhooks),
           "secret": Secret(SECRET), **more},
    )  # fmt: skip


def a_flow(endpoint: Endpoint, *, slug: str = "bills-over", stream: str = "bills") -> Flow:
    """A flow that listens to the endpoint."""
    flow = Flow.objects.create(slug=slug, title=slug)
    version = Version(
        id=uuid4(),
        flow=flow,
        number=1,
        source=endpoint.connection,
        stream=stream,
        destination=endpoint.connection,
        object="bill",
        digest="0",
        created_by="omar",
    )
    said = Definition(mapping={}, trigger={"webhook": endpoint.slug})
    version.sealed = definition.seal(said, version)
    version.save(force_insert=True)
    flow.current = version
    flow.save()
    return flow


def headers_for(
    body: bytes, *, event_id: str = "msg_1", key: bytes = KEY, at: float | None = None
) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    stamp = str(int(time.time() if at is None else at))
    signed = mac.hmac_digest("sha256", key, f"{event_id}.{stamp}.".encode() + body)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }


def deliver(
    client: Client, endpoint: Endpoint | str, body: bytes, headers: dict[str, str] | None = None
) -> Any:
    """Send a delivery, signed unless other headers are given."""
    path = endpoint if isinstance(endpoint, str) else endpoint.path
    return client.post(
        reverse("hook", args=[path]),
        data=body,
        content_type="application/json",
        headers=headers_for(body) if headers is None else headers,
    )


def content(event: Event) -> Any:
    return envelope.open_json(Domain.PAYLOAD, bytes(event.body_sealed), place=event.body_place)


def assert_refused(response: Any) -> None:
    """The one refusal there is, and nothing kept."""
    assert response.status_code == 401
    assert response.content == b""
    assert response.headers["Content-Length"] == "0"
    assert "Set-Cookie" not in response.headers and not response.cookies
    assert not Event.objects.exists()
    assert not Job.objects.exists()
    assert not Entry.objects.filter(action="webhook.received").exists()
