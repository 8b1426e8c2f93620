"""Records that wait: kept with what is wrong, released when that is mended, or dismissed."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows import dispatch, links
from connector.flows.identity import settle_key, wait_hash
from connector.flows.mapping.errors import Reason
from connector.flows.mapping.links import LinkKey
from connector.flows.mapping.outcomes import Problem
from connector.flows.models import Delivery, Flow, HeldRecord, Route, Run
from connector.flows.page import HeldBack
from connector.flows.values import encode

State = HeldRecord.State
OPEN = (State.WAITING, State.RELEASED)
FOR_DELIVERIES = [Reason.NO_LINK, Reason.NOT_SETTLED]


def keep(run: Run, route: Route, held: Sequence[HeldBack]) -> None:
    """Keep records that can't be mapped; one that waits already gets its newest problems."""
    if not held:
        return
    rows = [_row(run, route, one) for one in held]
    HeldRecord.objects.filter(
        flow_id=run.flow_id, source_key__in=[row.source_key for row in rows], state__in=OPEN
    ).delete()
    HeldRecord.objects.bulk_create(rows, batch_size=500)


def solved(run: Run, source_keys: Sequence[bytes]) -> None:
    """Close what was held of records that have found their way."""
    HeldRecord.objects.filter(
        flow_id=run.flow_id, source_key__in=list(source_keys), state__in=OPEN
    ).update(state=State.SOLVED, ended_at=Now(), record_sealed=b"", problems_sealed=b"")


def anything_waits_for_deliveries() -> bool:
    """Whether it is worth asking who waits for a record that was settled."""
    return HeldRecord.objects.filter(state=State.WAITING, reasons__overlap=FOR_DELIVERIES).exists()


def release_settled(route: Route, delivery_ids: Sequence[int]) -> None:
    """Release what waits for these deliveries: links to them, and newer states of their records."""
    names = set()
    for row in Delivery.objects.filter(pk__in=list(delivery_ids)):
        names.add(wait_hash(settle_key(row.pk)))
        if row.state != Delivery.State.DELIVERED:
            continue
        key = links.source_key_of(row)
        remote = links.remote_of(row)["id"]
        for link in (
            LinkKey(route.stream, route.object, links.parts_of(key)),
            LinkKey(route.stream, route.object, (remote,), back=True),
        ):
            names.add(wait_hash(link.wait_key))
    release(names)


@transaction.atomic
def release(names: Iterable[str]) -> int:
    """Release the records that wait for any of these, and queue the runs that take them up.

    Args:
        names: keyed hashes of wait keys.
    """
    rows = HeldRecord.objects.filter(state=State.WAITING, waits_for__overlap=list(names))
    found = dict(rows.values_list("pk", "flow_id"))
    flows = _locked(set(found.values()))
    released = HeldRecord.objects.filter(pk__in=found, state=State.WAITING).update(
        state=State.RELEASED
    )
    for flow in flows:
        if flow.enabled and not flow.archived_at:
            start_released(flow, actor="worker")
    return released


def release_answered(route: Route, unanswered: Iterable[LinkKey]) -> int:
    """Release what was just held for links that have been answered in the meantime."""
    answered = links.answers(route, unanswered)
    return release(wait_hash(link.wait_key) for link in answered) if answered else 0


def _locked(flow_ids: Iterable[UUID]) -> list[Flow]:
    """These flows, none of which can end a run now: it would not see what is released."""
    return list(
        Flow.objects.select_for_update(of=("self",), no_key=True)
        .select_related("current")
        .filter(pk__in=flow_ids)
        .order_by("pk")
    )


def start_released(flow: Flow, *, actor: str) -> Run | None:
    """Start the run that takes up what was released; None if one is going on and will see it."""
    return dispatch.start(flow, cause=Run.Cause.RELEASE, actor=actor, kind=Run.Kind.HELD)


def put_back(delivery: Delivery, record: object) -> None:
    """Let a record that was rejected go through once more, as one that was just released."""
    row = HeldRecord(
        flow_id=delivery.flow_id,
        route_id=delivery.route_id,
        version_id=delivery.version_id,
        source_key=bytes(delivery.source_key),
        cause=wait_hash("again"),
        reasons=[],
        fields=[],
        state=State.RELEASED,
    )
    row.record_sealed = envelope.seal_json(Domain.PAYLOAD, record, place=row.record_place)
    row.problems_sealed = envelope.seal_json(Domain.PAYLOAD, [], place=row.problems_place)
    HeldRecord.objects.filter(
        flow_id=row.flow_id, source_key=row.source_key, state__in=OPEN
    ).delete()
    row.save(force_insert=True)


def start_rest(flow: Flow) -> None:
    """Take up what was released while the last such run was going on.

    The caller's transaction has ended that run, and keeps the flow locked (`_locked`).
    """
    rest = HeldRecord.objects.filter(flow=flow, state=State.RELEASED)
    if flow.enabled and not flow.archived_at and rest.exists():
        start_released(flow, actor="worker")


@transaction.atomic
def retry(flow: Flow, ids: Sequence[int] | None, *, actor: str) -> int:
    """Try held records again because a person asks; all of the flow's if `ids` is None."""
    rows = HeldRecord.objects.filter(flow=flow, state=State.WAITING)
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    released = rows.update(state=State.RELEASED)
    if released:
        start_released(flow, actor=actor)
        log.record(
            Action.HELD_RETRIED,
            actor=actor,
            subject=f"flow:{flow.pk}",
            flow=flow.slug,
            records=released,
        )
    return released


@transaction.atomic
def dismiss(row: HeldRecord, *, reason: str, actor: str) -> bool:
    """Take a held record out of the inbox without sending it. False if it was gone already."""
    changed = HeldRecord.objects.filter(pk=row.pk, state__in=OPEN).update(
        state=State.DISMISSED, ended_at=Now(), record_sealed=b"", problems_sealed=b""
    )
    if changed:
        log.record(
            Action.HELD_DISMISSED,
            actor=actor,
            subject=f"held:{row.pk}",
            flow=row.flow.slug,
            reason=reason[:200],
        )
    return bool(changed)


def problems_of(row: HeldRecord) -> list[dict[str, object]]:
    """What is wrong, in clear: field, reason, value, text, wait_key. Only for who may see data."""
    opened: list[dict[str, object]] = envelope.open_json(
        Domain.PAYLOAD, bytes(row.problems_sealed), place=row.problems_place
    )
    return opened


def _row(run: Run, route: Route, one: HeldBack) -> HeldRecord:
    row = HeldRecord(
        flow_id=run.flow_id,
        route=route,
        version_id=run.version_id,
        run=run,
        source_key=one.record.source_key,
        cause=_cause(one.problems[0]),
        reasons=sorted({str(problem.reason) for problem in one.problems}),
        fields=sorted({problem.field[:120] for problem in one.problems}),
        waits_for=sorted({wait_hash(p.wait_key) for p in one.problems if p.wait_key}),
    )
    row.record_sealed = envelope.seal_json(Domain.PAYLOAD, one.record.raw, place=row.record_place)
    row.problems_sealed = envelope.seal_json(
        Domain.PAYLOAD, [_as_json(problem) for problem in one.problems], place=row.problems_place
    )
    return row


def _as_json(problem: Problem) -> dict[str, object]:
    return {
        "field": problem.field,
        "reason": str(problem.reason),
        "value": encode(problem.value),
        "text": problem.text,
        "wait_key": problem.wait_key,
    }


def _cause(problem: Problem) -> str:
    """What puts records into one group of the inbox: the same thing missing, or the same fault."""
    return wait_hash(problem.wait_key or f"{problem.field}:{problem.reason}")
