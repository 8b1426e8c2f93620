"""Sealed values opened for those who may see data. What can't be opened breaks no page."""

from typing import Any

import msgspec

from connector.crypto import envelope, exact_json
from connector.crypto.envelope import Place
from connector.crypto.errors import CryptoError
from connector.crypto.keyring import Domain
from connector.flows.models import Delivery


def opened(blob: bytes | memoryview, place: Place, *, domain: Domain = Domain.PAYLOAD) -> Any:
    """The value inside, or None where there is nothing or no key of this box opens it."""
    if not blob:
        return None
    try:
        return envelope.open_json(domain, bytes(blob), place=place)
    except CryptoError:
        return None


def opened_text(blob: bytes | memoryview, place: Place) -> str:
    """The text inside, or "" where there is nothing or no key of this box opens it."""
    if not blob:
        return ""
    try:
        return envelope.open_sealed(Domain.PAYLOAD, bytes(blob), place=place).decode()
    except CryptoError:
        return ""


def key_of(row: Delivery, *, shown: bool) -> str:
    """How a page names a delivery: its record's key at the source, for those who may see it."""
    key = opened_text(row.source_key_sealed, row.place("source_key")) if shown else ""
    return key or f"delivery {row.pk:,}"


def as_text(value: Any) -> str:
    """A value as indented JSON for a person, decimals digit for digit."""
    return msgspec.json.format(exact_json.encode(value), indent=2).decode()
