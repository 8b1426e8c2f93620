"""appliance.internal: who may ask, and what is answered"""

import re
from datetime import timedelta
from unittest import mock

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from appliance.internal import tokens
from connector.audit.models import Entry
from connector.crypto import mac
from connector.flows.models import Flow
from connector.jobs.models import Job
from tests.connector.console import box

pytestmark = pytest.mark.django_db
ADDRESSES = ("health", "metrics", "checkpoints")


def ask(address: str, text: str = "", **more: str) -> HttpResponse:
    headers = {"Authorization": f"Bearer {text}"} if text else {}
    client = Client(headers=headers, **more)  # type: ignore[arg-type]
    answer: HttpResponse = client.get(f"/internal/v1/{address}")  # type: ignore[assignment]
    return answer


@pytest.fixture
def token(flow: Flow, web: None) -> str:
    return tokens.create("prometheus", actor="test").reveal()


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_token_opens_each_address(address: str, token: str) -> None:
    answer = ask(address, token)

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", ADDRESSES)
def test_missing_unknown_and_revoked_are_answered_alike(address: str, token: str) -> None:
    old = tokens.create("old", actor="test").reveal()
    tokens.revoke("old", actor="test")

    answers = [
        ask(address, given) for given in ("", mac.token(32), old, token[:-1], token + "a", "\u00fc")
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer["WWW-Authenticate"] for answer in answers} == {"Bearer"}


def test_every_call_is_compared_with_every_token_whichever_fits(token: str) -> None:
    last = tokens.create("zabbix", actor="test").reveal()
    work = []
    for given in (token, last, mac.token(32), "", "x" * 10_000):
        with mock.patch("appliance.internal.tokens.mac.equal", wraps=mac.equal) as compared:
            tokens.is_valid(given)
        work.append(compared.call_count)

    assert work == [2] * 5


def test_several_tokens_work_while_one_is_rotated(token: str) -> None:
    new = tokens.create("prometheus-2", actor="test").reveal()
    assert ask("metrics", token).status_code == ask("metrics", new).status_code == 200

    tokens.revoke("prometheus", actor="test")

    assert ask("metrics", token).status_code == 401
    assert ask("metrics", new).status_code == 200


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Forwarded"]
)
@pytest.mark.parametrize("address", ADDRESSES)
def test_through_the_proxy_it_is_not_there(header: str, address: str, token: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {token}", header: "127.0.0.1"})

    assert client.get(f"/internal/v1/{address}").status_code == 404


@pytest.mark.parametrize(("peer", "status"), [("", 200), ("::1", 200), ("192.0.2.7", 404)])
def test_it_is_asked_from_this_machine_only(peer: str, status: int, token: str) -> None:
    assert ask("health", token, REMOTE_ADDR=peer).status_code == status


def test_neither_a_session_nor_an_api_token_opens_it(token: str) -> None:
    from connector.api import tokens as api

    client = Client()
    client.force_login(box.a_person("owner"))
    text, _ = api.create(
        maker=box.a_person("owner", "other"), title="x", scopes=["audit.see"], days=1, actor="x"
    )

    assert client.get("/internal/v1/health").status_code == 401
    assert ask("health", text.reveal()).status_code == 401
    assert Client(headers={"Authorization": f"Bearer {token}"}).get("/runs/").status_code == 302


def test_health_says_when_the_worker_does_not_get_on(token: str) -> None:
    said = ask("health", token)
    assert said.json()["ok"] is True  # type: ignore[attr-defined]
    assert said.json()["deliveries"] == {"sending": 0, "uncertain": 1, "rejected": 1}  # type: ignore[attr-defined]
    assert said.json()["records_held"] == 2  # type: ignore[attr-defined]

    Job.objects.create(kind="flows.test", not_before=timezone.now() - timedelta(minutes=6))

    late = ask("health", token)
    assert late.status_code == 503
    assert late.json()["ok"] is False  # type: ignore[attr-defined]
    assert late.json()["oldest_job_due_s"] > 300  # type: ignore[attr-defined]


def test_metrics_are_what_prometheus_reads(token: str) -> None:
    lines = ask("metrics", token).content.decode().splitlines()

    sample = re.compile(r'^connector_[a-z0-9_]+(\{[a-z]+="[a-z0-9._-]+"\})? \d+(\.\d+)?$')
    samples = [line for line in lines if not line.startswith("#")]
    assert [line for line in samples if not sample.match(line)] == []
    assert len(samples) == len({line.split(" ")[0] for line in samples})
    assert 'connector_deliveries{state="uncertain"} 1' in samples
    assert 'connector_records_24h{outcome="delivered"} 3' in samples
    assert 'connector_runs_24h{state="finished"} 1' in samples
    helps = {line.split(" ")[2] for line in lines if line.startswith("# HELP")}
    types = {line.split(" ")[2] for line in lines if line.startswith("# TYPE")}
    assert helps == types == {line.split("{")[0].split(" ")[0] for line in samples}


def test_checkpoints_say_how_far_the_log_is_and_that_none_is_sealed(token: str) -> None:
    said = ask("checkpoints", token).json()  # type: ignore[attr-defined]

    newest = Entry.objects.order_by("-number")[0]
    assert said == {
        "audit_log": {
            "entries": Entry.objects.count(),
            "newest_number": newest.number,
            "newest_at": newest.at.isoformat(),
        },
        "checkpoints": [],
    }
