"""How the audit log speaks of a credential, and what it knows: which version is in use.

A row says what whoever writes to the database last made it say. The audit log only
grows, and its entries carry a MAC: so a pending version made current without its test,
or an older one put back, is seen, even where the guards of the table were lifted.
"""

import json
from uuid import UUID

from connector.audit import log
from connector.audit.actions import PUT_IN_USE, Action
from connector.audit.models import Entry
from connector.crypto.errors import CryptoError
from connector.vault.models import CredentialVersion

LOOK_BACK = 20  # entries that are not genuine are passed over
NONE_IS_GENUINE = 0


def subject(pk: UUID) -> str:
    """How the audit log names a credential."""
    return f"credential:{pk}"


def record(action: Action, version: CredentialVersion, *, actor: str, **facts: str) -> None:
    """Write down what happened to a version, as part of the change."""
    log.record(
        action,
        actor=actor,
        subject=subject(version.credential_id),
        label=version.credential.label,
        version=version.number,
        **facts,
    )


def number_in_use(credential_id: UUID) -> int | None:
    """The version that was put in use last.

    None if the log does not reach back so far, and a number that no version has if
    it holds nothing but entries that nobody with the key wrote.
    """
    found = Entry.objects.filter(subject=subject(credential_id), action__in=PUT_IN_USE)
    entries = found.order_by("-number")[:LOOK_BACK]
    for entry in entries:
        if _genuine(entry):
            return int(json.loads(entry.facts)["version"])
    return NONE_IS_GENUINE if entries else None


def _genuine(entry: Entry) -> bool:
    try:
        return log.is_genuine(entry)
    except CryptoError:
        return False
