"""What a person decides about a delivery that the box can't: asked by web, done by the worker."""

from collections.abc import Mapping

from django.db import transaction

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows import dispatch, held, links, payloads
from connector.flows.errors import NotPossible
from connector.flows.identity import Names
from connector.flows.models import Delivery, Run
from connector.jobs import queue
from connector.jobs.registry import Kind

State = Delivery.State
RETRY, SEND, THERE = "retry", "send", "there"
WAIT_S = 5
MEANING: Mapping[str, str] = {
    RETRY: "send the rejected record again",
    SEND: "it is not there: send it",
    THERE: "it is there, under this id",
}


@transaction.atomic
def ask(delivery: Delivery, decision: str, *, actor: str, remote_id: str = "") -> None:
    """Record a decision; the worker carries it out, since only it can write the ledger.

    Raises:
        NotPossible: the delivery is in another state by now, or an id is missing.
    """
    wanted = State.REJECTED if decision == RETRY else State.UNCERTAIN
    row = Delivery.objects.select_related("flow").get(pk=delivery.pk)
    if decision not in MEANING:
        raise NotPossible("This decision is not known.")
    if row.state != wanted:
        raise NotPossible(f"The delivery is {row.state} by now; nothing was changed.")
    if decision == THERE and not 0 < len(remote_id.strip()) <= 90:
        raise NotPossible("Give the id that the record has there.")
    words = f"{THERE}:{remote_id.strip()}" if decision == THERE else decision
    if not _enqueue(row, words, actor):
        raise NotPossible("A decision about it waits to be carried out. Look again in a moment.")
    action = Action.DELIVERY_RETRIED if decision == RETRY else Action.DELIVERY_DECIDED
    facts = {"flow": row.flow.slug}
    if decision != RETRY:
        facts["decision"] = decision
    log.record(action, actor=actor, subject=subject(row), **facts)


@transaction.atomic
def carry_out(delivery_id: int, decision: str, actor: str) -> None:
    """Write the decision into the ledger and let a run take it up. Late decisions do nothing."""
    row = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("route", "flow__current")
        .get(pk=delivery_id)
    )
    if decision == RETRY and row.state == State.REJECTED:
        row.problem = "again"
        row.save(update_fields=["problem"])
    elif decision == SEND and row.state == State.UNCERTAIN:
        row.problem = "send"
        row.save(update_fields=["problem"])
    elif decision.startswith(f"{THERE}:") and row.state == State.UNCERTAIN:
        _is_there(row, decision.partition(":")[2])
        held.release_settled(row.route, [row.pk])
        return
    else:
        return
    _take_up(row, actor)


def subject(row: Delivery) -> str:
    """How the audit log names a delivery."""
    return f"delivery:{row.pk}"


def _enqueue(row: Delivery, decision: str, actor: str, *, delay_s: float = 0) -> bool:
    return queue.enqueue(
        Kind.FLOWS_DECIDE,
        args={"delivery": row.pk, "decision": decision, "actor": actor[:100]},
        dedupe_key=f"{Kind.FLOWS_DECIDE}:{row.pk}",
        priority=10,
        delay_s=delay_s,
    )


def _is_there(row: Delivery, remote_id: str) -> None:
    row.state, row.origin, row.problem = State.DELIVERED, Delivery.Origin.DECIDED, ""
    row.remote_key = Names.of(row.route).remote_key(remote_id)
    row.remote_sealed = envelope.seal_json(
        Domain.PAYLOAD, {"id": remote_id, "take": {}}, place=row.place("remote")
    )
    row.request_sealed = row.problem_sealed = b""
    row.save(
        update_fields=[
            "state",
            "origin",
            "problem",
            "remote_key",
            "remote_sealed",
            "request_sealed",
            "problem_sealed",
        ]
    )


def _take_up(row: Delivery, actor: str) -> None:
    """Let a run take it up: from the kept record, else by reading it again at its source."""
    if not row.flow.enabled:
        return
    if row.state == State.UNCERTAIN:
        dispatch.start(row.flow, cause=Run.Cause.MANUAL, actor=actor)
        return
    kept = payloads.opened(row)
    if kept is None:
        key = links.source_key_of(row)
        started = dispatch.start_records(row.flow, [key], cause=Run.Cause.MANUAL, actor=actor)
        if started is None:
            _enqueue(row, RETRY, actor, delay_s=WAIT_S)  # such a run is going on: after it
        return
    held.put_back(row, kept["record"])
    held.start_released(row.flow, actor=actor)
