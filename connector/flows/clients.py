"""Where vault and systems meet: an open client for a connection, for one purpose, in the worker.

The runner, the test of a connection and the preview use it; nothing else does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from connector.flows import connections, tokens
from connector.flows.errors import RunStopped
from connector.flows.models import Connection
from connector.systems.client import Client
from connector.systems.hosts import allowed_hosts
from connector.vault.errors import VaultError
from connector.vault.open import open_credential


@contextmanager
def open_client(
    connection: Connection,
    *,
    purpose: str,
    actor: str,
    read_only: bool = False,
    pending: UUID | None = None,
) -> Iterator[Client]:
    """A client that holds the opened credential for the span of the block.

    The hosts that may be called are worked out anew from the description and the
    settings, and must be among those that the credential was sealed for: a changed
    row, a swapped secret or another address opens nothing and no socket.
    `pending` opens that version of the credential, which waits for its test.

    Raises:
        RunStopped: the credential is missing, was deleted, or is not for this connection.
        BadDefinition: the description of the system is gone or broken.
        SystemFailure: a setting is missing that its hosts need.
    """
    system = connections.system_of(connection)
    settings = connections.settings_of(connection)
    hosts = allowed_hosts(system, settings)
    if connection.credential_id is None:
        if system.credential:
            raise RunStopped(f"{connection.title} has no credential yet. Enter one.")
        with Client(
            system,
            settings=settings,
            credential={},
            hosts=hosts,
            zone=settings.get("zone"),
            bucket=str(connection.pk),
            read_only=read_only,
        ) as client:
            yield client
        return
    try:
        with (
            open_credential(
                connection.credential_id,
                purpose=purpose,
                actor=actor,
                system=system.name,
                hosts=hosts,
                pending=pending,
            ) as opened,
            Client(
                system,
                settings=settings,
                credential=opened.fields,
                hosts=opened.hosts,
                zone=settings.get("zone"),
                bucket=str(connection.pk),
                credential_bucket=str(connection.credential_id),
                read_only=read_only,
                tokens=tokens.store_for(
                    connection, system, opened, trial=pending is not None, actor=actor
                ),
            ) as client,
        ):
            yield client
    except VaultError as refused:
        raise RunStopped(f"{connection.title}: {refused.message}") from None
