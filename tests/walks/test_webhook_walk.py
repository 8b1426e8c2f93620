"""Events over real HTTP: what is not genuine leaves nothing, what is genuine is done once."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connector.sandbox.erp import API
from tests.walks.hooks import deliver, new_secret, signed
from tests.walks.live import Live, wait_until

SECRET = new_secret()
SLUG = "walk-events"
FILE = """
format: 1
endpoints:
  walk-events:
    title: Changes of vendors
    connection: erp
    events: ["vendor.*"]
    secrets: {signing: {env: WALK_SIGNING}}
flows:
  vendors-on-event:
    title: Vendors as they change
    source: {connection: erp, stream: vendors}
    destination: {connection: ap, object: vendor}
    trigger: {webhook: walk-events}
    mapping:
      map:
        reference: {from: id}
        name: {from: name, do: [{trim: {collapse: true}}, {max_length: 200}]}
        country: {from: country, do: [{case: upper}]}
        city: {from: city, do: [trim]}
        currency: {from: currency}
        tax_number: {from: tax_id}
        email: {from: email, do: [trim, {case: lower}], mode: if_new}
        terms_days: {from: payment_days}
        active: {from: status, do: [{boolean: {"true": [active], "false": [blocked]}}]}
"""
EVENTS = (
    f"FROM webhooks_event e JOIN webhooks_endpoint p ON p.id = e.endpoint_id AND p.slug = '{SLUG}'"
)


@pytest.fixture(scope="module", autouse=True)
def endpoint(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    done = live.apply(tmp_path_factory.mktemp("hook"), {"hook.yaml": FILE}, WALK_SIGNING=SECRET)
    assert done.returncode == 0, done.stderr
    yield


def body(vendor: str, event: str) -> bytes:
    return json.dumps(
        {
            "id": event,
            "type": "vendor.updated",
            "occurred_at": "2026-11-25T08:00:00Z",
            "data": {"id": vendor},
        }
    ).encode()


BODY = body("V-10001", "evt_bad")
GENUINE = signed(SECRET, BODY, event="evt_bad")
NOW = int(time.time())
BAD: dict[str, tuple[bytes, Callable[[], dict[str, str]]]] = {
    "forged": (BODY, lambda: signed(SECRET, BODY, event="evt_bad", key=b"another key" * 3)),
    "forged with an empty key": (BODY, lambda: signed(SECRET, BODY, event="evt_bad", key=b"\0")),
    "stale": (BODY, lambda: signed(SECRET, BODY, event="evt_bad", at=NOW - 3_600)),
    "from the future": (BODY, lambda: signed(SECRET, BODY, event="evt_bad", at=NOW + 3_600)),
    "with a new time": (BODY, lambda: {**GENUINE, "webhook-timestamp": str(NOW + 1_000)}),
    "truncated": (BODY[:-1], lambda: GENUINE),
    "longer": (BODY + b" ", lambda: GENUINE),
    "of another vendor": (body("V-10002", "evt_bad"), lambda: GENUINE),
    "with half a signature": (
        BODY,
        lambda: {**GENUINE, "webhook-signature": GENUINE["webhook-signature"][:20]},
    ),
    "with an empty signature": (BODY, lambda: {**GENUINE, "webhook-signature": ""}),
    "with a very long signature": (
        BODY,
        lambda: {**GENUINE, "webhook-signature": GENUINE["webhook-signature"] + "A" * 5_000},
    ),
    "with another id": (BODY, lambda: {**GENUINE, "webhook-id": "evt_other"}),
    "without an id": (BODY, lambda: {k: v for k, v in GENUINE.items() if k != "webhook-id"}),
    "without a time": (
        BODY,
        lambda: {k: v for k, v in GENUINE.items() if k != "webhook-timestamp"},
    ),
    "unsigned": (BODY, dict),
    "empty": (b"", dict),
}


@pytest.mark.parametrize("sort", BAD)
def test_a_bad_delivery_is_answered_401_and_leaves_nothing(live: Live, sort: str) -> None:
    content, headers = BAD[sort]
    jobs = live.rows("SELECT count(*) FROM jobs_job WHERE kind = 'webhooks.process'")

    assert deliver(live, SLUG, content, headers()) == (401, b"")

    assert live.rows(f"SELECT count(*) {EVENTS} WHERE event_id LIKE 'evt_bad%%'") == [(0,)]
    assert live.rows("SELECT count(*) FROM jobs_job WHERE kind = 'webhooks.process'") == jobs


def test_refusals_are_counted_and_recorded_without_what_was_sent(live: Live) -> None:
    counted = live.rows(
        "SELECT sum(t.events) FROM webhooks_tally t"
        " JOIN webhooks_endpoint p ON p.id = t.endpoint_id"
        f" WHERE p.slug = '{SLUG}'"
    )[0][0]
    recorded = live.rows("SELECT facts FROM audit_entry WHERE action = 'webhook.refused'")

    assert counted == len(BAD)
    assert recorded
    for (facts,) in recorded:
        assert "V-1000" not in facts
        assert GENUINE["webhook-signature"] not in facts


def test_a_change_is_delivered_five_times_at_once_and_posted_once(live: Live) -> None:
    vendor = _vendor(live, "erp", "V-10001")
    name = f"Kessler {time.time_ns()}"
    _change_in_erp(live, "V-10001", {"name": name})
    content = body(vendor["id"], "evt_once")
    headers = signed(SECRET, content, event="evt_once")

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: deliver(live, SLUG, content, headers), range(5)))
    answers.append(deliver(live, SLUG, content, signed(SECRET, content, event="evt_once")))

    assert answers == [(200, b"")] * 6
    wait_until(lambda: _ap_vendor(live, "V-10001")["name"] == name)
    wait_until(lambda: _done(live))
    assert live.rows(f"SELECT state, repeats {EVENTS} WHERE event_id = 'evt_once'") == [
        ("processed", 5)
    ]
    runs = live.rows(
        "SELECT r.read, r.delivered FROM flows_run r JOIN flows_flow f ON f.id = r.flow_id"
        " WHERE f.slug = 'vendors-on-event' AND r.cause = 'webhook'"
    )
    assert runs == [(1, 1)]
    for action in ("webhook.received", "webhook.processed"):
        entries = live.rows(
            "SELECT count(*) FROM audit_entry WHERE action = %s AND facts LIKE %s",
            action,
            "%evt_once%",
        )
        assert entries == [(1,)]
    assert len(_ap_vendors(live, "V-10001")) == 1


def test_the_same_content_under_another_id_needs_another_signature(live: Live) -> None:
    content = body("V-10001", "evt_once")
    old = signed(SECRET, content, event="evt_once")

    assert deliver(live, SLUG, content, {**old, "webhook-id": "evt_twice"}) == (401, b"")


def test_an_endpoint_that_is_switched_off_takes_nothing(live: Live) -> None:
    live.rows("UPDATE webhooks_endpoint SET enabled = false WHERE slug = %s", SLUG)
    try:
        content = body("V-10001", "evt_off")
        headers = signed(SECRET, content, event="evt_off")
        assert deliver(live, SLUG, content, headers) == (401, b"")
    finally:
        live.rows("UPDATE webhooks_endpoint SET enabled = true WHERE slug = %s", SLUG)
    assert live.rows(f"SELECT count(*) {EVENTS} WHERE event_id = 'evt_off'") == [(0,)]


def _done(live: Live) -> bool:
    waiting = "SELECT count(*) FROM flows_run WHERE state IN ('queued', 'running')"
    received = f"SELECT count(*) {EVENTS} WHERE state = 'received'"
    return bool(live.rows(waiting) == live.rows(received) == [(0,)])


def _vendor(live: Live, system: str, id_: str) -> dict[str, Any]:
    return dict(live.api(system, f"{API}/vendors/{id_}"))


def _change_in_erp(live: Live, id_: str, change: dict[str, Any]) -> None:
    live.api("erp", f"{API}/vendors/{id_}", change, method="PATCH")


def _ap_vendors(live: Live, reference: str) -> list[dict[str, Any]]:
    return list(live.api("ap", f"/v2/vendors?reference={reference}")["items"])


def _ap_vendor(live: Live, reference: str) -> dict[str, Any]:
    (found,) = _ap_vendors(live, reference)
    return found
