"""The one way to write an audit entry."""

import json
import uuid
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from connector.audit.actions import FACTS, Action
from connector.audit.models import Entry
from connector.crypto import mac
from connector.crypto.keyring import Domain, get_keyring

Fact = str | int | bool | datetime | UUID | None


def record(action: Action, *, actor: str, subject: str, **facts: Fact) -> Entry:
    """Write one audit entry as part of the change that it describes.

    Facts are named by the caller and from the action's own list, never taken
    from a whole object, so that nothing secret can slip in. Number and time are
    given by the database.

    Raises:
        RuntimeError: no transaction is open; the entry could outlive a change
            that was rolled back, or be lost while the change stays.
        TypeError: a fact that the action doesn't have, or of a type outside Fact
            (a Secret, for example).
    """
    return record_many(action, actor=actor, entries=[(subject, facts)])[0]


def record_many(
    action: Action, *, actor: str, entries: list[tuple[str, dict[str, Fact]]]
) -> list[Entry]:
    """The same for many subjects at once, in one statement."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("record() must be called inside transaction.atomic")
    return Entry.objects.bulk_create(
        [_entry(action, actor[:150], subject, facts) for subject, facts in entries]
    )


def content(entry: Entry) -> tuple[bytes, ...]:
    """What the MAC is made over, in this order: the row as the application wrote it.

    The number and the time are the database's; they are covered by the sealed tree.
    """
    return (
        entry.id.bytes,
        entry.action.encode(),
        entry.actor.encode(),
        entry.subject.encode(),
        entry.facts.encode(),
    )


def is_genuine(entry: Entry) -> bool:
    """Whether the entry's MAC fits its content."""
    expected = mac.keyed_hash(Domain.AUDIT, "entry", *content(entry), size=32, key_id=entry.key_id)
    return mac.equal(bytes(entry.mac), expected)


def _entry(action: Action, actor: str, subject: str, facts: dict[str, Fact]) -> Entry:
    unknown = facts.keys() - FACTS[action]
    if unknown:
        raise TypeError(f"{action} has no fact named {', '.join(sorted(unknown))}")
    entry = Entry(
        id=uuid.uuid4(),
        action=action.value,
        actor=actor,
        subject=subject,
        facts=json.dumps(
            {name: _plain(name, value) for name, value in facts.items()},
            ensure_ascii=False,
            sort_keys=True,
        ),
        key_id=get_keyring().primary(Domain.AUDIT).id,
    )
    entry.mac = mac.keyed_hash(Domain.AUDIT, "entry", *content(entry), size=32)
    return entry


def _plain(name: str, value: Fact) -> str | int | bool | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID):
        return str(value)
    if value is None or isinstance(value, str | int | bool):
        return value
    raise TypeError(f"fact {name!r} has type {type(value).__name__}, not allowed in the audit log")
