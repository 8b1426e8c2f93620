"""The test of a connection: with the new version of its credential first, if one waits for it."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import envelope
from connector.crypto.errors import CryptoError
from connector.crypto.keyring import Domain
from connector.flows import clients, connections
from connector.flows.errors import FlowsError
from connector.flows.models import Connection
from connector.systems.errors import SystemFailure
from connector.vault import change_over, store

ACTOR = "worker"
INSIDE = "Inside your own network"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a test call. `problem` is safe to show; empty if all went well.

    `inside` are hosts that were called in private networks, as the operator allows it.
    """

    problem: str = ""
    account: dict[str, str] = field(default_factory=dict)
    inside: str = ""


def test(row: Connection) -> None:
    """Call the system's test; the answer goes to the connection's row, never a secret.

    A pending version that passes is put in use, and the answer is its own. One that
    fails stays pending with the reason, and the answer is that of the version in use.
    """
    waits = store.pending(row.credential_id) if row.credential_id else None
    if waits is not None:
        result = _call(row, pending=waits.pk)
        if result.problem:
            change_over.note_failure(waits.pk, result.problem, actor=ACTOR)
        elif change_over.put_in_use(waits.pk, actor=ACTOR, reason="its test passed"):
            _note(row, result)
            return
    _note(row, _call(row))


def _call(row: Connection, *, pending: UUID | None = None) -> Result:
    try:
        with clients.open_client(
            row, purpose=f"test:{row.pk}", actor=ACTOR, read_only=True, pending=pending
        ) as client:
            account = dict(client.check().account)
            inside = ", ".join(client.inside)
            return Result(account=account | ({INSIDE: inside} if inside else {}), inside=inside)
    except (SystemFailure, FlowsError, CryptoError) as failure:
        return Result(problem=getattr(failure, "message", "") or str(failure))


@transaction.atomic
def _note(row: Connection, result: Result) -> None:
    row.health = Connection.Health.FAILING if result.problem else Connection.Health.OK
    row.health_message, row.checked_at = result.problem[:500], timezone.now()
    row.last_ok_at = row.last_ok_at if result.problem else row.checked_at
    row.account_sealed = envelope.seal_json(Domain.CONFIG, result.account, place=row.account_place)
    row.save(
        update_fields=["health", "health_message", "checked_at", "last_ok_at", "account_sealed"]
    )
    log.record(
        Action.CONNECTION_TESTED,
        actor=ACTOR,
        subject=connections.subject(row),
        slug=row.slug,
        result=str(row.health),
        **({"inside": result.inside} if result.inside else {}),
    )
