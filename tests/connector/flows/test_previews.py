"""connector.flows.previews: a draft tried on real records; nothing is posted"""

import json
from pathlib import Path
from typing import Any

import pytest

from connector.audit.actions import Action
from connector.audit.models import Entry
from connector.flows import previews
from connector.flows.errors import BadDefinition
from connector.flows.models import Delivery, Flow, HeldRecord, Payload, Preview, Run
from connector.jobs.models import Job
from tests.connector.flows.box import VENDORS, World, a_world, work_off
from tests.connector.flows.rows import a_flow

pytestmark = pytest.mark.django_db(transaction=True)


def draft(**rows: Any) -> dict[str, Any]:
    return {"map": {**VENDORS["map"], **rows}}


def tried(flow: Flow, mapping: dict[str, Any]) -> Preview:
    """Ask for a preview and let the worker make it."""
    row = previews.ask(flow, mapping, actor="ruth")
    work_off("flows.preview")
    row.refresh_from_db()
    return row


def vendors(world: World) -> Flow:
    return world.flow("vendors", "vendors", "vendor", VENDORS)


def test_a_draft_maps_real_records_and_posts_nothing(tmp_path: Path) -> None:
    steps = ["trim", {"case": "upper"}, {"max_length": 200}]
    upper = draft(name={"from": "name", "do": steps})
    with a_world(tmp_path, vendors=3, bills=0) as world:
        row = tried(vendors(world), upper)
        ledger_was_called, source_was_called = world.ap.stats(), world.erp.stats()

    results = previews.results(row)
    assert row.state == Preview.State.READY
    assert not ledger_was_called["calls"]
    assert source_was_called["calls"]["GET /api/v1/vendors"] == 1
    assert {one["key"] for one in results} == {"V-10001", "V-10002", "V-10003"}
    for one in results:
        assert one["outcome"] == "mapped"
        assert one["values"]["name"] == one["record"]["name"].strip().upper()
        (name,) = [field for field in one["fields"] if field["field"] == "name"]
        assert [step["name"] for step in name["steps"]] == ["trim", "case", "max_length"]
        assert name["value"] == one["values"]["name"]


def test_a_preview_leaves_nothing_but_itself_and_its_audit_entry(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=2, bills=0) as world:
        flow = vendors(world)
        version = flow.current
        row = tried(flow, draft(country={"value": "FR"}))

    flow.refresh_from_db()
    assert flow.current == version
    for model in (Delivery, Payload, HeldRecord, Run):
        assert not model._default_manager.exists()
    entry = Entry.objects.get(action=Action.PREVIEW_ASKED)
    assert (entry.actor, json.loads(entry.facts)["slug"]) == ("ruth", "vendors")
    name = previews.results(row)[0]["record"]["name"]
    assert name.encode() not in bytes(row.result_sealed)
    assert b"country" not in bytes(row.draft_sealed)


def test_what_would_be_skipped_or_held_says_so(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=2, bills=0) as world:
        flow = vendors(world)
        filtered = tried(flow, {"filter": [["id", "is", "V-10001"]], **draft()})
        by_key = {one["key"]: one for one in previews.results(filtered)}
        world.change_vendor("V-10002", name="")
        held = tried(flow, draft())
        problems = {one["key"]: one.get("problems", []) for one in previews.results(held)}

    assert by_key["V-10001"]["outcome"] == "mapped"
    assert (by_key["V-10002"]["outcome"], by_key["V-10002"]["why"]) == ("skipped", "filter")
    assert problems["V-10001"] == []
    assert [one["field"] for one in problems["V-10002"]] == ["name"]


def test_at_most_twenty_records_are_shown(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=25, bills=0) as world:
        row = tried(vendors(world), draft())

    assert len(previews.results(row)) == 20


def test_a_bad_draft_is_refused_with_its_findings_and_nothing_is_asked() -> None:
    flow = a_flow()

    with pytest.raises(BadDefinition) as refused:
        previews.ask(flow, draft(colour={"from": "name"}), actor="ruth")

    assert "colour" in "".join(refused.value.findings)
    assert not Preview.objects.exists()
    assert not Job.objects.exists()
    assert not Entry.objects.filter(action=Action.PREVIEW_ASKED).exists()


def test_a_source_that_does_not_answer_is_said(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=1, bills=0) as world:
        flow = vendors(world)
        secrets = set(world.erp.credential.values())
    # Both systems are gone now.
    row = tried(flow, draft())

    assert row.state == Preview.State.FAILED
    assert row.message
    assert previews.results(row) == []
    assert not any(secret in row.message for secret in secrets)
