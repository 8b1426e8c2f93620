"""The main job of a practice box: connect both systems, move vendors and bills, take webhooks."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from appliance.configuration import apply_files
from appliance.home import Home
from appliance.management.commands.run import wait_for
from appliance.quickstart.systems import call, files, keep_secrets
from connector.audit.models import Entry
from connector.crypto import mac
from connector.flows import dispatch, inbox
from connector.flows.models import Flow, Run
from connector.webhooks.models import Endpoint, Event, Tally

TOUCHED = 5
RUN_S = 120.0
EVENTS_S = 20.0


class JobFailed(Exception):
    """The main job did not come to its end; says what to look at."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the main job did, counted at both ends."""

    vendors_posted: int
    bills_read: int
    bills_posted: int
    bills_skipped: int
    bills_held: int
    bills_at_destination: int
    duplicates: int
    webhooks_accepted: int
    webhooks_rejected: int
    webhooks_processed: int
    audit_entries: int
    waiting: int

    def as_json(self) -> dict[str, int]:
        return asdict(self)


def main_job(home: Home) -> Summary:
    """Apply the practice files, run both flows, send webhooks good and bad, and count.

    Raises:
        JobFailed: a run stopped, or the counts at both ends differ.
    """
    state = home.state()
    keys = {name: json.loads(Path(state[f"{name}_keys"]).read_text()) for name in ("erp", "ap")}
    keep_secrets(home, keys)
    apply_files(files(state), actor="quickstart")
    _aim_webhooks(home, state, keys)
    vendors = _run("vendors-to-ap")
    bills = _run("bills-to-ap")
    _send_webhooks(state, keys)
    stats = call(f"{state['ap_url']}/admin/stats", keys["ap"]["admin_token"])
    return Summary(
        vendors_posted=vendors.delivered,
        bills_read=bills.read,
        bills_posted=bills.delivered,
        bills_skipped=bills.skipped,
        bills_held=bills.held,
        bills_at_destination=stats["bills"],
        duplicates=sum(number - 1 for number in stats["repeated_references"].values()),
        webhooks_accepted=Event.objects.count(),
        webhooks_rejected=sum(Tally.objects.values_list("events", flat=True)),
        webhooks_processed=Event.objects.filter(state=Event.State.PROCESSED).count(),
        audit_entries=Entry.objects.count(),
        waiting=inbox.waiting(),
    )


def _aim_webhooks(
    home: Home, state: Mapping[str, str], keys: Mapping[str, Mapping[str, str]]
) -> None:
    endpoint = Endpoint.objects.get(slug="erp-events")
    call(
        f"{state['erp_url']}/admin/webhook",
        keys["erp"]["admin_token"],
        {
            "url": f"{state['url']}/hooks/{endpoint.path}/",
            "secret": (home.secrets / "webhook").read_text().strip(),
        },
    )


def _run(slug: str) -> Run:
    flow = Flow.objects.select_related("current").get(slug=slug)
    run = dispatch.start(flow, cause=Run.Cause.COMMAND, actor="quickstart")
    if run is None:
        run = Run.objects.get(flow=flow, kind=Run.Kind.INCREMENTAL, state__in=dispatch.ACTIVE)
    run = wait_for(run, RUN_S)
    if run.state != Run.State.FINISHED:
        raise JobFailed(f"{flow.title}: the run is {run.state}. {run.message}")
    return run


def _send_webhooks(state: Mapping[str, str], keys: Mapping[str, Mapping[str, str]]) -> None:
    """Let the ERP change some bills, so that it sends signed events; and send forged ones."""
    before = Event.objects.filter(state=Event.State.PROCESSED).count()
    call(
        f"{state['erp_url']}/admin/touch",
        keys["erp"]["admin_token"],
        {"kind": "bills", "count": TOUCHED},
    )
    endpoint = Endpoint.objects.get(slug="erp-events")
    for headers in _forged_headers():
        _post(f"{state['url']}/hooks/{endpoint.path}/", b'{"type": "bill.updated"}', headers)
    deadline = time.monotonic() + EVENTS_S
    while time.monotonic() < deadline:
        if Event.objects.filter(state=Event.State.PROCESSED).count() >= before + TOUCHED:
            break
        time.sleep(0.1)
    active = Run.objects.filter(state__in=dispatch.ACTIVE)
    while time.monotonic() < deadline and active.exists():
        time.sleep(0.1)


def _forged_headers() -> list[dict[str, str]]:
    now = str(int(time.time()))
    signature = f"v1,{mac.token()}"
    return [
        {},
        {"webhook-id": "msg_1", "webhook-timestamp": now, "webhook-signature": signature},
        {"webhook-id": "msg_2", "webhook-timestamp": "1000000000", "webhook-signature": signature},
        {"webhook-id": "msg_3", "webhook-timestamp": now},
    ]


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    request = urllib.request.Request(url, data=body, method="POST")  # noqa: S310
    for name, value in {"Content-Type": "application/json", **headers}.items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # nosec B310
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code
