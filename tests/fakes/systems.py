"""A made-up system for tests, described on the spot, and a client for it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from connector.crypto.secret import Secret
from connector.systems.client import Client
from connector.systems.load import load_system
from connector.systems.spec import System
from tests.fakes.server import Fake

_ITEMS = {"title": "Items", "request": {"path": "items"}, "records": "items", "key": "id"}


def described(**parts: Any) -> System:
    """A system with this in its description, over what every description needs."""
    document: dict[str, Any] = {
        "format": 1,
        "name": "acme",
        "title": "Acme",
        "verified": {"level": "fake", "on": "2026-11-24"},
        "sources": [{"url": "https://example.com/none", "read": "2026-11-24"}],
        "settings": [
            {"name": "url", "label": "Address", "type": "url", "pattern": "^https?://.{1,80}$"},
            {"name": "zone", "label": "Zone", "type": "zone", "required": False},
            {"name": "post", "label": "Post", "type": "boolean", "required": False},
        ],
        "urls": {"main": "{{ settings.url }}/v1/"},
        "hosts": ["{{ settings.url | host }}"],
        "auth": {"type": "none"},
        "check": {"request": {"path": "me"}},
        "streams": {"items": _ITEMS},
    }
    return load_system(json.dumps({**document, **parts}), "acme.yaml")


def client(
    fake: Fake,
    system: System | None = None,
    *,
    credential: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    hosts: Sequence[str] = (),
    zone: str | None = None,
    **more: Any,
) -> Client:
    """A client of a fake; use it in a `with`. A credential is bound to the fake and to `hosts`."""
    return Client(
        system or described(),
        settings={"url": fake.url, **(settings or {})},
        credential={name: Secret(text) for name, text in (credential or {}).items()},
        hosts=[f"127.0.0.1:{fake.port}", *hosts] if credential else [],
        zone=zone,
        bucket=more.pop("bucket", "test"),
        **more,
    )


def stream(**parts: Any) -> dict[str, Any]:
    """A stream "items" with this in its description."""
    return {"streams": {"items": {**_ITEMS, **parts}}}
