"""connector.flows.tokens and connector.vault.oauth.store, against a server that rotates"""

import pytest

from appliance.database import grants
from connector.audit.models import Entry
from connector.crypto import vault_box
from connector.crypto.secret import Secret
from connector.flows import trial
from connector.systems.errors import SystemFailure
from connector.vault import store as vault
from connector.vault.oauth.models import Grant
from tests import keyrings
from tests.conftest import as_role
from tests.connector.flows.granted import AUTH, a_connection, a_grant, read, rotating
from tests.fakes.oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthServer, Oddities

pytestmark = pytest.mark.django_db


server = pytest.fixture(rotating)


def actions() -> list[str]:
    found = Entry.objects.filter(action__startswith="oauth.").order_by("number")
    return list(found.values_list("action", flat=True))


def test_an_ended_token_is_refreshed_once_and_the_new_refresh_token_is_kept(
    server: tuple[OAuthServer, str],
) -> None:
    oauth, url = server
    connection = a_connection(url)
    a_grant(connection, oauth.new_family())

    read(connection, times=2)
    read(connection)

    assert oauth.counts.refreshed == 1
    Grant.objects.update(renew_at="2020-01-01T00:00Z")
    read(connection)
    assert (oauth.counts.refreshed, oauth.counts.reused) == (2, 0)
    grant = Grant.objects.get()
    assert (grant.state, grant.refreshes, grant.asked_at) == ("ok", 2, None)
    assert actions() == ["oauth.connected", "oauth.refreshed", "oauth.refreshed"]


def test_a_token_that_the_system_refuses_is_not_used_again(
    server: tuple[OAuthServer, str],
) -> None:
    oauth, url = server
    connection = a_connection(url)
    tokens = oauth.new_family()
    a_grant(connection, {**tokens, "access_token": "access-of-yesterday"}, good_s=900)

    read(connection)

    assert oauth.counts.refreshed == 1


def test_no_grant_and_an_ended_one_stop_in_words_and_ask_nobody(
    server: tuple[OAuthServer, str],
) -> None:
    oauth, url = server
    connection = a_connection(url)
    with pytest.raises(SystemFailure, match="Nobody has granted access yet"):
        read(connection)
    a_grant(connection, {"access_token": "a", "refresh_token": "refresh-99-1"})

    for _ in range(3):
        with pytest.raises(SystemFailure, match="Connect it again") as caught:
            read(connection)
        assert "refresh-" not in caught.value.message

    assert oauth.counts.token_calls == 1
    grant = Grant.objects.get()
    assert grant.state == "connect_again"
    assert "does not accept what was granted" in grant.problem
    assert actions() == ["oauth.connected", "oauth.connect_again"]
    connection.refresh_from_db()
    assert connection.health == "failing"
    assert "Connect it again" in connection.health_message


def test_a_lost_answer_is_said_when_the_old_token_is_not_taken_any_more(
    server: tuple[OAuthServer, str],
) -> None:
    oauth, url = server
    connection = a_connection(url)
    a_grant(connection, oauth.new_family())
    oauth.odd = Oddities(hang_up=True, times=1)
    with pytest.raises(SystemFailure) as caught:
        read(connection)
    assert caught.value.retryable
    assert Grant.objects.get().state == "ok"
    with pytest.raises(SystemFailure, match="a moment ago"):
        read(connection)
    assert oauth.counts.token_calls == 1

    Grant.objects.update(not_before=None)
    with pytest.raises(SystemFailure, match="the answer to a refresh was lost"):
        read(connection)
    with pytest.raises(SystemFailure):
        read(connection)
    assert (oauth.counts.refreshed, oauth.counts.reused, oauth.counts.token_calls) == (1, 1, 2)


def test_a_new_client_secret_keeps_the_grant_and_other_hosts_or_a_deletion_end_it(
    server: tuple[OAuthServer, str],
) -> None:
    oauth, url = server
    connection = a_connection(url)
    a_grant(connection, oauth.new_family(), good_s=900)
    assert connection.credential is not None
    fields = {"client_id": Secret("x"), "client_secret": Secret("y")}

    vault.rotate(connection.credential, fields, actor="owner")
    assert Grant.objects.count() == 1
    vault.delete(connection.credential, actor="owner")
    assert Grant.objects.count() == 0


def test_a_pasted_refresh_token_that_rotates_is_kept_under_its_version(
    server: tuple[OAuthServer, str],
) -> None:
    oauth, url = server
    tokens = oauth.new_family()
    auth = {
        **{name: value for name, value in AUTH.items() if name != "authorize_url"},
        "grant": "refresh_token",
        "client_secret": "client-secret-p:w/ö&",
        "refresh_token": "{{ credential.client_secret }}",
    }
    connection = a_connection(url, auth=auth)
    assert connection.credential is not None
    pasted = {"client_id": Secret("the-box"), "client_secret": Secret(tokens["refresh_token"])}
    vault.replace(connection.credential, hosts=connection.hosts, fields=pasted, actor="owner")

    for _ in range(2):
        read(connection)
        Grant.objects.update(renew_at="2020-01-01T00:00Z")

    assert (oauth.counts.refreshed, oauth.counts.reused) == (2, 0)
    assert Grant.objects.get().version == 2


def test_what_the_worker_did_not_write_is_not_used(server: tuple[OAuthServer, str]) -> None:
    oauth, url = server
    connection = a_connection(url)
    grant = a_grant(connection, oauth.new_family(), good_s=900)
    planted = vault_box.seal({"access_token": Secret("mine")}, binding=grant.binding)
    Grant.objects.update(sealed=planted)

    with pytest.raises(SystemFailure, match="not written by the worker"):
        read(connection)
    assert oauth.counts.token_calls == 0
    assert actions()[-1] == "oauth.connect_again"


@pytest.mark.parametrize("right", [True, False])
def test_a_new_client_secret_must_show_that_it_can_refresh(
    server: tuple[OAuthServer, str], right: bool
) -> None:
    oauth, url = server
    connection = a_connection(url)
    a_grant(connection, oauth.new_family(), good_s=900)
    assert connection.credential is not None
    secret = Secret(CLIENT_SECRET if right else "wrong-client-secret")
    fields = {"client_id": Secret(CLIENT_ID), "client_secret": secret}
    vault.rotate(connection.credential, fields, actor="owner")

    trial.test(connection)

    states = list(connection.credential.versions.values_list("state", flat=True))
    assert states == (["current", "shredded"] if right else ["pending", "current"])
    assert oauth.counts.refreshed == int(right)
    assert (Grant.objects.get().state, oauth.counts.reused) == ("ok", 0)
    connection.refresh_from_db()
    assert connection.health == "ok"


def test_a_client_that_the_grant_is_not_for_does_not_end_it(
    server: tuple[OAuthServer, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    oauth, url = server
    connection = a_connection(url)
    a_grant(connection, oauth.new_family(), good_s=900)
    assert connection.credential is not None
    fields = {"client_id": Secret("another"), "client_secret": Secret("of another")}
    vault.rotate(connection.credential, fields, actor="owner")
    oauth.odd = Oddities(status=400, body='{"error": "invalid_grant"}', times=1)

    trial.test(connection)

    assert vault.pending(connection.credential.pk) is not None
    assert Grant.objects.get().state == "ok"
    read(connection)


def test_a_refresh_needs_no_more_than_the_rights_and_keys_of_the_worker(
    server: tuple[OAuthServer, str],
) -> None:
    oauth, url = server
    connection = a_connection(url)
    a_grant(connection, oauth.new_family())

    with keyrings.holding("worker"), as_role("worker"):
        read(connection)
    assert oauth.counts.refreshed == 1

    Grant.objects.update(sealed=b"spoiled")
    with keyrings.holding("worker"), as_role("worker"), pytest.raises(SystemFailure):
        read(connection)
    assert actions()[-1] == "oauth.connect_again"
    assert not {"INSERT", "UPDATE"} & set(grants.WEB["oauth_grant"])
