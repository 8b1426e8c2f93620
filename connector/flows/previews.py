"""A draft of a mapping, tried on real records by the worker; nothing is sent."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import envelope
from connector.crypto.errors import CryptoError
from connector.crypto.keyring import Domain
from connector.flows import clients, compiled, connections, fields, ledger, links
from connector.flows.errors import FlowsError, NotPossible
from connector.flows.mapping.outcomes import FieldTrace, Held, Mapped, Skipped
from connector.flows.mapping.outcomes import Preview as Traced
from connector.flows.models import Flow, Preview, Version
from connector.flows.values import encode
from connector.jobs import queue
from connector.jobs.registry import Kind
from connector.systems.errors import SystemFailure

RECORDS = 20


@transaction.atomic
def ask(flow: Flow, mapping: Mapping[str, Any], *, actor: str) -> Preview:
    """Ask the worker to try a draft on up to 20 records of the source.

    Raises:
        BadDefinition: the draft doesn't pass the static check; nothing is asked.
    """
    version = _version(flow)
    compiled.check(mapping, version.source, version.stream, version.destination, version.object)
    row = Preview(id=uuid4(), flow=flow, asked_by=actor)
    row.draft_sealed = envelope.seal_json(Domain.CONFIG, dict(mapping), place=row.draft_place)
    row.save(force_insert=True)
    queue.enqueue(Kind.FLOWS_PREVIEW, args={"preview": str(row.pk)}, priority=5)
    log.record(Action.PREVIEW_ASKED, actor=actor, subject=f"flow:{flow.pk}", slug=flow.slug)
    return row


def make(row: Preview) -> None:
    """Read, map and keep the traces, sealed, for 15 minutes. Runs in the worker."""
    try:
        result = _make(row)
        state, message = Preview.State.READY, ""
    except (FlowsError, SystemFailure, CryptoError) as failure:
        result, state = [], Preview.State.FAILED
        message = getattr(failure, "message", str(failure))
    row.result_sealed = envelope.seal_json(Domain.PAYLOAD, result, place=row.result_place)
    row.state, row.message = state, message[:500]
    row.save(update_fields=["result_sealed", "state", "message"])


def results(row: Preview) -> list[dict[str, Any]]:
    """What came of each record: outcome, fields with every step, problems."""
    opened: list[dict[str, Any]] = envelope.open_json(
        Domain.PAYLOAD, bytes(row.result_sealed), place=row.result_place
    )
    return opened


def _make(row: Preview) -> list[dict[str, Any]]:
    version = _version(row.flow)
    draft = envelope.open_json(Domain.CONFIG, bytes(row.draft_sealed), place=row.draft_place)
    mapping = compiled.check(
        draft, version.source, version.stream, version.destination, version.object
    )
    maps, *_ = compiled.open_maps(mapping.maps)
    context = compiled.run_context(version.source, version.destination, timezone.now())
    with clients.open_client(
        version.source, purpose=f"preview:{row.pk}", actor=row.asked_by, read_only=True
    ) as client:
        page = client.read_page(version.stream, position=None, mark="", full=False)
        records = [(client.record_key(version.stream, r), r) for r in page.records[:RECORDS]]
    zone = connections.settings_of(version.source).get("zone")
    typed = fields.reader(connections.system_of(version.source), version.stream, zone)
    seen = [(key, raw, typed(raw)) for key, raw in records]
    found = links.answers(
        ledger.route_of(version), mapping.link_keys([one for _, _, one in seen], run=context)
    )
    return [
        {
            "key": key,
            "record": raw,
            **_shown(mapping.preview(one, links=found, maps=maps, run=context)),
        }
        for key, raw, one in seen
    ]


def _shown(traced: Traced) -> dict[str, Any]:
    outcome = traced.outcome
    shown: dict[str, Any] = {"fields": [_field(trace) for trace in traced.fields]}
    match outcome:
        case Mapped():
            shown |= {"outcome": "mapped", "values": encode(outcome.values)}
        case Skipped():
            shown |= {"outcome": "skipped", "why": outcome.why}
        case Held():
            problems = [
                {"field": p.field, "reason": str(p.reason), "text": p.text}
                for p in outcome.problems
            ]
            shown |= {"outcome": "held", "problems": problems}
    return shown


def _field(trace: FieldTrace) -> dict[str, Any]:
    return {
        "field": trace.field,
        "paths": list(trace.paths),
        "read": encode(trace.read),
        "steps": [{"name": step.name, "value": encode(step.value)} for step in trace.steps],
        "value": encode(trace.value),
        "problem": trace.problem.text if trace.problem else "",
    }


def _version(flow: Flow) -> Version:
    if flow.current_id is None:
        raise NotPossible("The flow has no version yet.")
    return Version.objects.select_related("source", "destination").get(pk=flow.current_id)
