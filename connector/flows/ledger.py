"""The ledger's every move, a page at a time: what is known, what is claimed, what came of it.

A claim is committed before its request leaves; its result only where the row is
still open. So whoever dies in between leaves a row in `sending`, which
connector.flows.settle decides about and nobody sends again unseen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from connector.flows.models import Delivery, Route, Run, Version

State = Delivery.State
Operation = Delivery.Operation


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of one record. `asked`: it was rejected, and a person wants it sent
    again."""

    id: int
    source_key: bytes
    state: str
    operation: str
    fingerprint: bytes
    source_print: bytes
    attempts: int
    counted: bool
    remote_sealed: bytes
    asked: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """One call that is about to be made."""

    source_key: bytes
    source_key_sealed: bytes
    fingerprint: bytes
    source_print: bytes
    operation: str
    key: str
    external_id: str
    request_sealed: bytes


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one call."""

    id: int
    state: str
    origin: str = Delivery.Origin.SENT
    remote_key: bytes | None = None
    remote_sealed: bytes = b""
    problem: str = ""
    problem_sealed: bytes = b""
    counted: bool = False


def route_of(version: Version) -> Route:
    """The route of a flow version, made at its first use."""
    route, _ = Route.objects.get_or_create(
        source_id=version.source_id,
        stream=version.stream,
        destination_id=version.destination_id,
        object=version.object,
    )
    return route


def known(route: Route, source_keys: Sequence[bytes]) -> dict[bytes, Known]:
    """What the ledger knows of a page of records, in one query."""
    rows = Delivery.objects.filter(route=route, source_key__in=list(source_keys)).values_list(
        "id",
        "source_key",
        "state",
        "operation",
        "fingerprint",
        "source_print",
        "attempts",
        "counted",
        "remote_sealed",
        "problem",
    )
    found = {}
    for row in rows:
        pk, key, state, operation, fingerprint, print_, attempts, counted, remote, problem = row
        found[bytes(key)] = Known(
            pk,
            bytes(key),
            state,
            operation,
            bytes(fingerprint),
            bytes(print_),
            attempts,
            counted,
            bytes(remote),
            state == State.REJECTED and problem == "again",
        )
    return found


_CLAIM = """
INSERT INTO flows_delivery AS d (
    route_id, flow_id, version_id, run_id, state, origin, remote_sealed, problem, problem_sealed,
    steps_done, attempts, counted, sent_at,
    source_key, source_key_sealed, fingerprint, source_print, operation, key, external_id,
    request_sealed)
SELECT %(route)s, %(flow)s, %(version)s, %(run)s, 'sending', 'sent', '', '', '', 0, 0, false,
    clock_timestamp(), c.*
FROM unnest(%(source_key)s::bytea[], %(source_key_sealed)s::bytea[], %(fingerprint)s::bytea[],
    %(source_print)s::bytea[], %(operation)s::text[], %(key)s::text[], %(external_id)s::text[],
    %(request_sealed)s::bytea[]) AS c
ON CONFLICT (route_id, source_key) DO UPDATE SET
    flow_id = excluded.flow_id, version_id = excluded.version_id, run_id = excluded.run_id,
    state = 'sending', fingerprint = excluded.fingerprint, source_print = excluded.source_print,
    operation = excluded.operation, key = excluded.key, request_sealed = excluded.request_sealed,
    problem = '', problem_sealed = '', steps_done = 0, counted = false,
    sent_at = excluded.sent_at, settled_at = NULL
WHERE d.state IN ('pending', 'delivered', 'rejected')
RETURNING d.source_key, d.id
"""


def claim(route: Route, run: Run, claims: Sequence[Claim]) -> dict[bytes, int]:
    """Put a page of calls into `sending` and commit. Answers the ids of those that were free.

    A row that is open (sending, uncertain) is not taken: it is somebody else's
    call, or one that must be settled first.

    Raises:
        RuntimeError: a transaction is open, so that nothing would be committed
            before the requests leave.
    """
    if not claims:
        return {}
    columns = {
        name: [getattr(one, name) for one in claims]
        for name in (
            "source_key",
            "source_key_sealed",
            "fingerprint",
            "source_print",
            "operation",
            "key",
            "external_id",
            "request_sealed",
        )
    }
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                **columns,
                "route": route.pk,
                "flow": run.flow_id,
                "version": run.version_id,
                "run": run.pk,
            },
        )
        return {bytes(key): pk for key, pk in cursor.fetchall()}


_RECORD = """
UPDATE flows_delivery AS d SET
    state = r.state, origin = r.origin, problem = r.problem, problem_sealed = r.problem_sealed,
    counted = r.counted,
    remote_key = coalesce(r.remote_key, d.remote_key),
    remote_sealed = CASE WHEN r.remote_key IS NULL THEN d.remote_sealed ELSE r.remote_sealed END,
    fingerprint = CASE WHEN r.state = 'pending' THEN ''::bytea ELSE d.fingerprint END,
    source_print = CASE WHEN r.state IN ('delivered', 'uncertain') THEN d.source_print
        ELSE ''::bytea END,
    request_sealed = CASE WHEN r.state = 'uncertain' THEN d.request_sealed ELSE ''::bytea END,
    attempts = d.attempts + CASE WHEN r.state = 'rejected' THEN 1 ELSE 0 END,
    settled_at = CASE WHEN r.state = 'uncertain' THEN coalesce(d.settled_at, clock_timestamp())
        ELSE clock_timestamp() END
FROM unnest(%(id)s::bigint[], %(state)s::text[], %(origin)s::text[], %(remote_key)s::bytea[],
    %(remote_sealed)s::bytea[], %(problem)s::text[], %(problem_sealed)s::bytea[],
    %(counted)s::boolean[])
    AS r (id, state, origin, remote_key, remote_sealed, problem, problem_sealed, counted)
WHERE d.id = r.id AND d.state IN ('sending', 'uncertain')
RETURNING d.id
"""


def record(results: Sequence[Result]) -> set[int]:
    """Write what came of calls, where the row is still open. Answers the ids that were."""
    if not results:
        return set()
    columns = {
        name: [getattr(one, name) for one in results]
        for name in (
            "id",
            "state",
            "origin",
            "remote_key",
            "remote_sealed",
            "problem",
            "problem_sealed",
            "counted",
        )
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, columns)
        return {pk for (pk,) in cursor.fetchall()}


def abandon(route: Route) -> int:
    """What stands in `sending` was left by a slice that died: uncertain from now on.

    Only whoever holds the route may say so. The time counts: a call of that slice may have
    left until it lost the route, so a look-up proves nothing before `unseen_s` have gone by.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE flows_delivery SET state = 'uncertain',"
            " problem = CASE WHEN problem = '' THEN 'no_answer' ELSE problem END,"
            " settled_at = coalesce(settled_at, clock_timestamp())"
            " WHERE route_id = %s AND state = 'sending'",
            [route.pk],
        )
        return int(cursor.rowcount)


def take_up(ids: Sequence[int]) -> set[int]:
    """Put uncertain rows into `sending` while they are settled, so that no person decides then."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE flows_delivery SET state = 'sending'"
            " WHERE id = ANY(%s) AND state = 'uncertain' RETURNING id",
            [list(ids)],
        )
        return {pk for (pk,) in cursor.fetchall()}


def send_again(pk: int) -> bool:
    """Give an open row a new time, before its call leaves again. False: it is not open any more.

    What a person decided about it is used up by that: it counts for one sending.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE flows_delivery SET state = 'sending', problem = '', settled_at = NULL,"
            " sent_at = clock_timestamp() WHERE id = %s AND state IN ('sending', 'uncertain')",
            [pk],
        )
        return bool(cursor.rowcount)


def mark_counted(ids: Iterable[int], run: Run) -> None:
    """Note that this run has these in its sum."""
    Delivery.objects.filter(pk__in=list(ids)).update(counted=True, run=run)


def refresh_prints(prints: dict[int, bytes]) -> None:
    """Remember what unchanged records looked like under the present versions."""
    if not prints:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE flows_delivery AS d SET source_print = p.print"
            " FROM unnest(%s::bigint[], %s::bytea[]) AS p (id, print)"
            " WHERE d.id = p.id AND d.state = 'delivered'",
            [list(prints), list(prints.values())],
        )


def lock_route(route: Route) -> bool:
    """Take the route for this database session; False if another process has it.

    The lock goes with the session: a killed process leaves nothing behind.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_SPACE, route.pk])
        return bool(cursor.fetchone()[0])


def unlock_route(route: Route) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_SPACE, route.pk])


_LOCK_SPACE = 0x666C6F77  # "flow": apart from the locks of the queue


def run_subject(run_id: UUID) -> str:
    """How the audit log names a run."""
    return f"run:{run_id}"
