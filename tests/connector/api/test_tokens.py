"""connector.api.tokens and auth"""

import json
from datetime import timedelta
from unittest import mock

import pytest
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import User
from connector.api import tokens
from connector.api.auth import REFUSED
from connector.api.models import ApiToken
from connector.audit.models import Entry
from connector.crypto import mac
from tests.connector.api.conftest import MakeProgram, Program, expire
from tests.connector.console import box

pytestmark = pytest.mark.django_db


def a_token(role: str = "owner", *scopes: str, days: int = 30) -> tuple[str, ApiToken]:
    maker = User.objects.filter(username=role).first() or box.a_person(role)
    text, row = tokens.create(
        maker=maker, title="Export", scopes=scopes or ["runs.see"], days=days, actor=role
    )
    return text.reveal(), row


def test_only_a_hash_and_the_first_characters_are_stored() -> None:
    text, row = a_token()

    assert text.startswith("mlc_")
    assert len(text) == 4 + 43
    assert bytes(row.token_hash) == mac.sha256(text.encode())
    stored = " ".join(str(value) for value in ApiToken.objects.values_list().get())
    assert row.prefix == text[:12]
    assert text[12:] not in stored


def test_the_audit_log_names_who_made_it_and_never_the_token() -> None:
    text, row = a_token("owner", "runs.see", "flows.run")
    tokens.revoke(row, actor="owner")

    made, revoked = Entry.objects.filter(subject=f"token:{row.pk}").order_by("number")
    assert (made.action, revoked.action) == ("token.created", "token.revoked")
    assert json.loads(made.facts)["scopes"] == "flows.run, runs.see"
    assert text[12:] not in made.facts + revoked.facts


@pytest.mark.parametrize(
    ("role", "scope"),
    [("viewer", "flows.run"), ("auditor", "inbox.see"), ("operator", "credentials.change")],
)
def test_nobody_gives_a_token_more_than_their_own_role_has(role: str, scope: str) -> None:
    with pytest.raises(tokens.TokenRefused):
        a_token(role, scope)

    assert not ApiToken.objects.exists()
    assert not Entry.objects.exists()


@pytest.mark.parametrize("scope", ["people.change", "payloads.see", "", "nonsense"])
def test_what_the_api_does_not_offer_is_no_scope(scope: str) -> None:
    with pytest.raises(tokens.TokenRefused):
        a_token("owner", scope)


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_token_lasts_a_year_at_most(days: int) -> None:
    with pytest.raises(tokens.TokenRefused, match="1 to 365 days"):
        a_token(days=days)


def test_a_demoted_maker_s_token_loses_what_the_new_role_does_not_have(
    program: MakeProgram, flow: object
) -> None:
    asks = program("operator", "flows.run", "runs.see")
    assert asks.send("post", "flows/bills/run/").status_code == 202

    User.objects.filter(username="operator").update(role="viewer")

    assert asks.send("post", "flows/bills/run/").status_code == 403
    assert asks.get("runs/").status_code == 200


def test_a_deactivated_maker_s_token_is_none() -> None:
    text, row = a_token()
    User.objects.filter(pk=row.maker_id).update(is_active=False)

    assert Program(text).get("runs/").status_code == 401


def test_missing_unknown_expired_revoked_and_malformed_are_answered_alike() -> None:
    ended, revoked = a_token(), a_token()
    expire(ended[1])
    tokens.revoke(revoked[1], actor="owner")
    said = {
        "missing": Client(),
        "unknown": Program("mlc_" + mac.token(32)).client,
        "expired": Program(ended[0]).client,
        "revoked": Program(revoked[0]).client,
        "cut": Program(a_token()[0][:-1]).client,
        "empty": Program("").client,
        "odd": Program("mlc_\u00fc").client,
        "basic": Client(headers={"Authorization": "Basic dTpw"}),
    }

    answers = {name: client.get("/api/v1/runs/") for name, client in said.items()}

    assert {a.status_code for a in answers.values()} == {401}
    assert {a.content for a in answers.values()} == {
        json.dumps(
            {"error": {"code": "no_token", "message": REFUSED, "details": []}},
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
    }
    assert {a["WWW-Authenticate"] for a in answers.values()} == {"Bearer"}


def test_every_refusal_looks_up_one_hash_and_compares_once(program: MakeProgram) -> None:
    text, _ = a_token()
    work = []
    for given in (text, "mlc_unknown", ""):
        with mock.patch("connector.api.tokens.mac.equal", wraps=mac.equal) as compared:
            tokens.of(given)
        work.append(compared.call_count)

    assert work == [1, 1, 1]


def test_a_session_cookie_is_no_way_in() -> None:
    client = Client()
    client.force_login(box.a_person("owner"))

    assert client.get("/api/v1/runs/").status_code == 401


def test_a_token_is_no_way_into_the_console(program: MakeProgram) -> None:
    answer = program("owner").client.get("/runs/")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


def test_the_use_is_written_down_at_most_once_a_minute() -> None:
    text, row = a_token()
    asks = Program(text)
    asks.get("runs/")
    row.refresh_from_db()
    first = row.last_used_at

    asks.get("runs/")
    row.refresh_from_db()
    assert first is not None
    assert row.last_used_at == first

    before = timezone.now() - timedelta(seconds=61)
    ApiToken.objects.filter(pk=row.pk).update(last_used_at=before)
    asks.get("runs/")
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert row.last_used_at > first


def test_revoking_twice_is_recorded_once() -> None:
    _, row = a_token()

    assert tokens.revoke(row, actor="owner")
    assert not tokens.revoke(row, actor="owner")
    assert Entry.objects.filter(action="token.revoked").count() == 1


def test_each_token_has_its_own_limit(program: MakeProgram) -> None:
    busy, other = program("owner", "runs.see"), program("owner", "runs.see")
    with mock.patch("connector.api.auth.PerToken.get_rate", return_value="3/minute"):
        found = [busy.get("runs/") for _ in range(4)]
        assert [a.status_code for a in found] == [200, 200, 200, 429]
        assert found[-1].json()["error"]["code"] == "too_many"  # type: ignore[attr-defined]
        assert 0 < int(found[-1]["Retry-After"]) <= 60
        assert other.get("runs/").status_code == 200
