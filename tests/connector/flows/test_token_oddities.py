"""connector.flows.tokens: what systems answer that misbehave is read all the same, or refused"""

import json
from typing import Any

import pytest

from connector.systems.errors import Kind, SystemFailure
from connector.vault.oauth.models import Grant
from tests.connector.flows.granted import a_connection, a_grant, read, rotating
from tests.fakes.oauth_server import OAuthServer, Oddities
from tests.fakes.server import Answer

pytestmark = pytest.mark.django_db
server = pytest.fixture(rotating)


@pytest.mark.parametrize(
    "odd", [{"life": "3600"}, {"life": None}, {"form": True}, {"life": "3600.0"}, {"life": "soon"}]
)
def test_odd_answers_are_read_all_the_same(
    server: tuple[OAuthServer, str], odd: dict[str, Any]
) -> None:
    oauth, url = server
    connection = a_connection(url)
    a_grant(connection, oauth.new_family())
    oauth.odd = Oddities(**odd)

    read(connection)
    read(connection)

    grant = Grant.objects.get()
    assert grant.refreshed_at is not None
    assert 3590 < (grant.expires_at - grant.refreshed_at).total_seconds() < 3610
    assert 55 < (grant.expires_at - grant.renew_at).total_seconds() < 65
    assert (oauth.counts.refreshed, oauth.counts.reused) == (1, 0)


def test_a_short_life_is_used_to_two_thirds(server: tuple[OAuthServer, str]) -> None:
    oauth, url = server
    connection = a_connection(url)
    a_grant(connection, oauth.new_family())
    oauth.odd = Oddities(life=30)

    read(connection)

    grant = Grant.objects.get()
    assert 9 < (grant.expires_at - grant.renew_at).total_seconds() < 11


def test_a_refresh_token_that_is_not_repeated_stays_good(
    server: tuple[OAuthServer, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    oauth, url = server
    connection = a_connection(url)
    tokens = oauth.new_family()
    a_grant(connection, tokens)
    seen: list[str] = []

    def refresh(token: str) -> Answer:
        seen.append(token)
        return Answer({"access_token": tokens["access_token"]})

    monkeypatch.setattr(oauth, "_refresh", refresh)
    for _ in range(2):
        read(connection)
        Grant.objects.update(renew_at="2020-01-01T00:00Z")

    assert seen == [tokens["refresh_token"]] * 2


@pytest.mark.parametrize(
    ("odd", "kind", "words"),
    [
        ({"body": "<html>secret-page</html>"}, Kind.RATE_LIMITED, "no JSON"),
        ({"body": ""}, Kind.CONFIG, "gave no access token"),
        ({"body": "<html>secret-page</html>", "status": 502}, Kind.RATE_LIMITED, "failed inside"),
        ({"body": "<html>secret-page</html>", "status": 400}, Kind.CONFIG, "did not accept"),
        ({"status": 429, "retry_after": "77"}, Kind.RATE_LIMITED, "asks for a pause"),
        ({"body": '{"error": "invalid_client"}', "status": 401}, Kind.CONFIG, "client secret"),
    ],
)
def test_a_bad_answer_changes_nothing_and_repeats_nothing(
    server: tuple[OAuthServer, str], odd: dict[str, Any], kind: Kind, words: str
) -> None:
    oauth, url = server
    connection = a_connection(url)
    tokens = oauth.new_family()
    sealed = a_grant(connection, tokens).sealed
    oauth.odd = Oddities(**odd)

    with pytest.raises(SystemFailure, match=words) as caught:
        read(connection)

    assert caught.value.kind is kind
    assert "onnect it" not in caught.value.message
    assert "secret-page" not in caught.value.message
    assert tokens["refresh_token"] not in caught.value.message
    grant = Grant.objects.get()
    assert (bytes(grant.sealed), grant.state) == (bytes(sealed), "ok")
    if odd.get("status") == 429:
        assert caught.value.wait_s == 77
        with pytest.raises(SystemFailure) as again:
            read(connection)
        assert again.value.wait_s is not None
        assert 70 < again.value.wait_s <= 77
        assert oauth.counts.token_calls == 1


def test_a_system_that_repeats_the_refresh_token_is_not_quoted(
    server: tuple[OAuthServer, str],
) -> None:
    oauth, url = server
    rule = {"status": [400], "kind": "config", "message": "error_description"}
    connection = a_connection(url, errors=[rule])
    tokens = oauth.new_family()
    a_grant(connection, tokens)
    said = {"error": "odd", "error_description": f"{tokens['refresh_token']} is no good"}
    oauth.odd = Oddities(status=400, body=json.dumps(said))

    with pytest.raises(SystemFailure) as caught:
        read(connection)

    assert caught.value.message.endswith("*** is no good")


def test_an_error_rule_of_the_system_hides_no_end_of_access(
    server: tuple[OAuthServer, str],
) -> None:
    _, url = server
    rule = {"status": [400], "kind": "refused", "message": "error_description"}
    connection = a_connection(url, errors=[rule])
    a_grant(connection, {"access_token": "a", "refresh_token": "refresh-99-1"})

    with pytest.raises(SystemFailure, match="Connect it again"):
        read(connection)
    assert Grant.objects.get().state == "connect_again"
