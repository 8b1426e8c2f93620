"""A connection to a system where a person grants access, at the OAuth server of the tests."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from connector.crypto.secret import Secret
from connector.flows import clients, connections
from connector.flows.models import Connection
from connector.systems import uploaded
from connector.vault.oauth import store
from connector.vault.oauth.models import Grant
from connector.vault.oauth.store import Bundle, Holder
from tests.fakes.oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthServer, running

AUTH: dict[str, Any] = {
    "type": "oauth2",
    "grant": "authorization_code",
    "authorize_url": "{{ settings.url }}/authorize",
    "token_url": "{{ settings.url }}/token",
    "client_id": "{{ credential.client_id }}",
    "client_secret": "{{ credential.client_secret }}",
    "scopes": ["books", "offline"],
    "rotates": True,
}
REALM = {
    "name": "realm_id",
    "label": "Company id",
    "type": "text",
    "pattern": "^[0-9]{9,25}$",
    "from_callback": "realmId",
}
URL = {"name": "url", "label": "Address", "type": "url", "pattern": "^https?://.{1,80}$"}


def description(**parts: Any) -> str:
    """The system, with this in its description."""
    document: dict[str, Any] = {
        "format": 1,
        "name": "granted",
        "title": "Granted Books",
        "verified": {"level": "fake", "on": "2026-11-25"},
        "sources": [{"url": "https://example.com/none", "read": "2026-11-25"}],
        "settings": [URL, REALM],
        "credential": [
            {"name": "client_id", "label": "Client id"},
            {"name": "client_secret", "label": "Client secret"},
        ],
        "urls": {"main": "{{ settings.url }}/v1/"},
        "hosts": ["{{ settings.url | host }}"],
        "auth": AUTH,
        "check": {"request": {"path": "me"}},
        "streams": {
            "items": {
                "title": "Items",
                "request": {"path": "items"},
                "records": "items",
                "key": "id",
            }
        },
    }
    return json.dumps({**document, **parts})


def a_connection(url: str, slug: str = "granted", **parts: Any) -> Connection:
    uploaded.save(description(**parts), filename="granted.yaml", actor="owner")
    return connections.create(
        slug=slug,
        title="Granted Books",
        system="granted",
        settings={"url": url},
        secrets={"client_id": Secret(CLIENT_ID), "client_secret": Secret(CLIENT_SECRET)},
        actor="owner",
    )


def holder(connection: Connection, version: int = 1) -> Holder:
    assert connection.credential_id is not None
    return Holder(connection.credential_id, version, "granted", tuple(connection.hosts))


def a_grant(connection: Connection, tokens: dict[str, Any], *, good_s: float = 0) -> Grant:
    """What a person granted before; its access token is to be refreshed in `good_s` seconds."""
    renew_at = timezone.now() + timedelta(seconds=good_s)
    bundle = Bundle(
        Secret(tokens["access_token"]),
        Secret(tokens["refresh_token"]),
        renew_at + timedelta(seconds=60),
        renew_at,
        {},
    )
    return store.keep(holder(connection), bundle, granted_by="owner", actor="worker")


def read(connection: Connection, times: int = 1) -> None:
    """What a run does with it."""
    with clients.open_client(connection, purpose="test", actor="worker") as client:
        for _ in range(times):
            client.read_page("items", position=None, mark="")


def rotating() -> Iterator[tuple[OAuthServer, str]]:
    """The server in this process, and its address; made a fixture where it is needed."""
    with running() as (server, fake):
        yield server, fake.url
