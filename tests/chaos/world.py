"""A database with one connection whose access token has ended, for processes of their own."""

import json
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class World:
    """The connection by its short name, at an OAuth server."""

    url: str
    slug: str = "granted"

    def renew(self) -> None:
        """A new consent, whose access token has ended."""
        from connector.flows.models import Connection
        from tests.connector.flows.granted import a_grant

        a_grant(Connection.objects.get(slug=self.slug), _new_family(self.url))

    def go_on(self) -> None:
        """What another process does next: read, with a token that is good."""
        from connector.flows import clients
        from connector.flows.models import Connection
        from connector.systems.errors import SystemFailure

        connection = Connection.objects.get(slug=self.slug)
        with (
            suppress(SystemFailure),
            clients.open_client(connection, purpose="chaos", actor="worker") as client,
        ):
            client.read_page("items", position=None, mark="")

    def state(self) -> str:
        from connector.vault.oauth.models import Grant

        return Grant.objects.get().state


def _new_family(url: str) -> Any:
    with urllib.request.urlopen(f"{url}/new", timeout=20) as answer:
        return json.loads(answer.read())


@contextmanager
def box_with_a_grant(url: str) -> Iterator[World]:
    """Outside of pytest: an empty database of the suite's own server, gone at the end."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    made = setup_databases(verbosity=0, interactive=False)
    try:
        from tests.connector.flows.granted import a_connection

        a_connection(url)
        world = World(url)
        world.renew()
        yield world
    finally:
        teardown_databases(made, verbosity=0)
