"""The main job: bills go from the ERP to the AP ledger once, webhooks are taken or refused"""

import re

import requests

from tests.walks.live import Live

OF_ERP = "JOIN webhooks_endpoint p ON p.id = t.endpoint_id AND p.slug = 'erp-events'"

TYPES = {
    "css": ["text/css"],
    "js": ["text/javascript", "application/javascript"],
    "svg": ["image/svg+xml"],
    "woff2": ["font/woff2"],
    "png": ["image/png"],
}


def test_every_bill_that_was_delivered_is_there_once(live: Live) -> None:
    sent = live.rows(
        "SELECT count(*) FROM flows_delivery d JOIN flows_route r ON r.id = d.route_id"
        " WHERE r.object = 'bill' AND d.state = 'delivered'"
    )[0][0]

    there = live.ask("ap", "/admin/stats")

    assert there["bills"] == sent > 0
    assert not there["repeated_references"]


def test_a_second_run_posts_nothing(live: Live) -> None:
    before = live.ask("ap", "/admin/stats")["bills"]

    again = live.run("bills-to-ap", "--full")

    assert again["delivered"] == 0
    assert again["unchanged"] + again["skipped"] == again["read"] > 0
    assert live.ask("ap", "/admin/stats")["bills"] == before


def test_forged_webhooks_were_refused_and_left_nothing(live: Live) -> None:
    refused = live.rows(f"SELECT sum(t.events) FROM webhooks_tally t {OF_ERP}")[0][0]
    kept = live.rows(
        f"SELECT count(*) FROM webhooks_event t {OF_ERP} "
        " WHERE t.state IN ('received', 'unreadable') OR t.event_id LIKE 'msg\\_%%'"
    )[0][0]

    assert refused == 4
    assert kept == 0


def test_the_console_brings_its_styles_and_scripts(live: Live) -> None:
    page = requests.get(f"{live.state['url']}/sign-in/", timeout=10)

    files = re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text)
    assert len(files) >= 3
    for file in files:
        answer = requests.get(f"{live.state['url']}{file}", timeout=10)
        assert answer.status_code == 200, file
        assert answer.headers["Content-Type"].split(";")[0] in TYPES[file.rpartition(".")[2]]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert requests.get(f"{live.state['url']}/static/../manage.py", timeout=10).status_code == 404
