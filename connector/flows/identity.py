"""Keyed names of records: what the ledger recognises a record by. Only the worker can make them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from connector.crypto import mac
from connector.crypto.keyring import Domain
from connector.flows.models import Route


@dataclass(frozen=True, slots=True)
class Names:
    """Makes the names of one route. All are keyed BLAKE2b under the ledger key.

    They are made of the ids of connections, never of row numbers, so that a
    ledger rebuilt elsewhere names the same record alike.
    """

    parts: tuple[bytes, ...]

    @classmethod
    def of(cls, route: Route) -> "Names":
        return cls(
            (
                route.source_id.bytes,
                route.stream.encode(),
                route.destination_id.bytes,
                route.object.encode(),
            )
        )

    def source_key(self, key: str) -> bytes:
        """Identity of a record at its source: 16 bytes."""
        return self._hash("source", key.encode())

    def remote_key(self, remote_id: str) -> bytes:
        """Identity of a record at its destination: 16 bytes."""
        return self._hash("remote", remote_id.encode())

    def fingerprint(self, payload: bytes) -> bytes:
        """Of what would be sent. Equal means unchanged: 16 bytes."""
        return self._hash("fingerprint", payload)

    def source_print(self, record: bytes, pinned: Sequence[str]) -> bytes:
        """Of what was read, under one version of flow and maps. It may only say "unchanged"."""
        return self._hash("print", record, *(name.encode() for name in pinned))

    def external_id(self, key: str) -> str:
        """Stable for the life of the record: 32 characters of a-z and 2-7."""
        digest = self._hash("external", key.encode(), size=20)
        return base64.b32encode(digest).decode().lower()

    def idempotency_key(self, key: str, fingerprint: bytes, attempts: int) -> str:
        """Of a create: the same for every repeat, even by a box restored from a backup; 32 hex.

        `attempts` counts the answers that rejected it: vendors give a stored
        refusal again for a key that they know.
        """
        return self._hash("create", key.encode(), fingerprint, str(attempts).encode()).hex()

    def _hash(self, purpose: str, *parts: bytes, size: int = 16) -> bytes:
        return mac.keyed_hash(Domain.LEDGER, f"ledger.{purpose}", *self.parts, *parts, size=size)


def settle_key(delivery_id: int) -> str:
    """What a record waits for whose earlier state is still open in the ledger."""
    return f"delivery:{delivery_id}"


def wait_hash(wait_key: str) -> str:
    """The name of something that held records wait for: 32 hex characters."""
    return mac.keyed_hash(Domain.LEDGER, "ledger.wait", wait_key.encode()).hex()
