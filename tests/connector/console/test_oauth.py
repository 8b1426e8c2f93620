"""connector.console.oauth: there and back, and everything that must not come back"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from appliance.accounts.models import User
from connector.audit.models import Entry
from connector.console import oauth as console
from connector.crypto import vault_box
from connector.crypto.errors import CryptoError
from connector.flows import connections
from connector.flows import oauth as worker
from connector.flows.models import Connection
from connector.jobs.models import Job
from connector.jobs.running import RunningJob
from connector.vault.oauth.models import Authorization, Grant
from tests import keyrings
from tests.conftest import as_role
from tests.connector.console import box
from tests.connector.flows.granted import REALM, a_connection
from tests.fakes.oauth_server import OAuthServer, Oddities, running
from tests.fakes.server import Asked

pytestmark = pytest.mark.django_db
BACK = "/oauth/callback/"


@dataclass
class World:
    """A connection, the server that it belongs to, and the owner of the box, signed in."""

    oauth: OAuthServer
    url: str
    connection: Connection
    owner: Client

    def work(self, kind: str) -> None:
        """What the worker does of what was asked for, with its own keys and rights."""
        for job in Job.objects.filter(kind=kind, state="waiting"):
            run = {"oauth.prepare": worker.prepare, "oauth.exchange": worker.exchange}[kind]
            with keyrings.holding("worker"), as_role("worker"):
                run(job.args, RunningJob(job.pk))
            job.state = "done"
            job.save()

    def begin(self) -> str:
        """Go to the system; the address that the browser is sent to."""
        with keyrings.holding("web"), as_role("web"):
            asked = self.owner.post(reverse("connection-connect", args=["granted"]))
            waits = self.owner.get(asked["Location"])
        assert waits.status_code == 200
        assert 'content="1;url=' in waits.content.decode()
        self.work("oauth.prepare")
        with keyrings.holding("web"), as_role("web"):
            page = self.owner.get(asked["Location"]).content.decode()
            sent = self.owner.get(_next(page))
        assert sent.status_code == 303
        return str(sent["Location"])

    def consent(self, address: str, **more: str) -> dict[str, str]:
        """What the system sends back, as a query."""
        query = dict(parse_qsl(urlsplit(address).query)) | more
        answer = self.oauth._allow(_asked(query))
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    def back(self, query: dict[str, str], client: Client | None = None) -> Any:
        """The callback, as the browser makes it: without the Strict session cookie."""
        browser = Client()
        for name in (console.cookie_name(),):
            if name in (client or self.owner).cookies:
                browser.cookies[name] = (client or self.owner).cookies[name].value
        with keyrings.holding("web"), as_role("web"):
            return browser.get(BACK, query)

    def finish(self, page: Any, client: Client | None = None) -> Any:
        with keyrings.holding("web"), as_role("web"):
            return (client or self.owner).get(_next(page.content.decode()))


def _next(page: str) -> str:
    found = re.search(r'http-equiv="refresh" content="\d;url=([^"]+)"', page)
    assert found, page
    return found[1]


def _asked(query: dict[str, str]) -> Any:
    return Asked("GET", f"/allow?{urlencode(query)}", {})


@pytest.fixture
def world(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    settings.PUBLIC_URL = "http://testserver"
    settings.CONNECTOR_CONFIRMED = "tests.connector.console.test_oauth.confirmed"
    with running() as (server, fake):
        client = Client()
        client.force_login(box.a_person("owner"))
        yield World(server, fake.url, a_connection(fake.url), client)


def confirmed(request: object) -> bool:
    return True


def actions() -> list[str]:
    found = Entry.objects.filter(action__startswith="oauth.").order_by("number")
    return list(found.values_list("action", flat=True))


def test_there_and_back(world: World) -> None:
    address = world.begin()
    query = dict(parse_qsl(urlsplit(address).query))
    assert address.startswith(f"{world.url}/authorize?")
    assert (query["client_id"], query["scope"]) == ("the-box", "books offline")
    assert query["redirect_uri"] == f"http://testserver{BACK}"
    row = Authorization.objects.get()
    assert query["state"].encode() not in bytes(row.state_hash or b"")

    came = world.consent(address)
    page = world.back(came)
    assert page.status_code == 200
    assert came["code"].encode() not in bytes(Authorization.objects.get().code_sealed)
    assert Job.objects.filter(kind="oauth.exchange").count() == 0
    assert world.finish(page).status_code == 302
    assert came["code"] not in str(list(Job.objects.values_list("args", flat=True)))
    world.work("oauth.exchange")

    assert world.oauth.counts.exchanged == 1
    grant = Grant.objects.get()
    assert (grant.state, grant.granted_by) == ("ok", "owner")
    world.connection.refresh_from_db()
    assert connections.settings_of(world.connection)["realm_id"] == "9130350000000001"
    assert actions() == ["oauth.asked", "oauth.connected"]
    done = Authorization.objects.get()
    assert (done.state, bytes(done.code_sealed), bytes(done.verifier_sealed)) == ("done", b"", b"")
    assert Job.objects.filter(kind="flows.test").exists()
    with keyrings.holding("web"), as_role("web"):
        shown = world.owner.get(reverse("connection", args=["granted"])).content.decode()
    assert "connected" in shown
    assert REALM["label"] in shown


def refused(world: World, answer: Any, words: str, status: int = 400) -> None:
    """It said so, and nothing was exchanged or granted."""
    assert answer.status_code == status
    assert words in answer.content.decode()
    world.work("oauth.exchange")
    assert world.oauth.counts.exchanged == 0
    assert Grant.objects.count() == 0


@pytest.mark.parametrize("state", ["", "x" * 43, "\0", "a" * 5000])
def test_a_wrong_state_is_nobodys(world: World, state: str) -> None:
    came = world.consent(world.begin())
    refused(world, world.back({**came, "state": state}), "belongs to no request")
    assert actions() == ["oauth.asked"]
    assert Authorization.objects.get().state == "sent"


def test_a_state_is_good_once(world: World) -> None:
    came = world.consent(world.begin())
    first = world.back(came)
    assert first.status_code == 200
    refused(world, world.back(came), "answered before")
    assert world.finish(first).status_code == 302
    world.work("oauth.exchange")
    assert world.oauth.counts.exchanged == 1


def test_without_the_cookie_of_the_browser_that_asked_nothing_goes_on(world: World) -> None:
    came = world.consent(world.begin())
    refused(world, world.back(came, client=Client()), "another browser")
    refused(world, world.back(came), "answered before")
    assert actions() == ["oauth.asked", "oauth.refused"]


def test_another_cookie_is_no_better(world: World) -> None:
    came = world.consent(world.begin())
    other = Client()
    other.cookies[console.cookie_name()] = "x" * 43
    refused(world, world.back(came, client=other), "another browser")


def test_after_ten_minutes_it_is_over(world: World) -> None:
    came = world.consent(world.begin())
    Authorization.objects.update(expires_at=timezone.now())
    refused(world, world.back(came), "more than ten minutes")


def test_a_refusal_there_is_said_in_our_words(world: World) -> None:
    came = world.consent(world.begin(), deny="1")
    answer = world.back(came)
    refused(world, answer, "Access was denied there")
    assert "<b>no</b>" not in answer.content.decode()
    assert Authorization.objects.get().problem == "Access was denied there."


@pytest.mark.parametrize(
    ("iss", "good"),
    [("https://evil.example", False), ("javascript:1", False), ("{url}", True), ("{url}/a", True)],
)
def test_the_sender_must_be_who_was_asked(world: World, iss: str, good: bool) -> None:
    address = world.begin()
    world.oauth.odd = Oddities(iss=iss.format(url=world.url))
    answer = world.back(world.consent(address))
    if good:
        assert answer.status_code == 200
    else:
        refused(world, answer, "another sender")


def test_somebody_elses_session_can_not_finish(world: World) -> None:
    page = world.back(world.consent(world.begin()))
    other = Client()
    other.force_login(User.objects.create_user(username="eve", password="x", role="owner"))

    refused(world, world.finish(page, client=other), "Somebody else", status=403)
    refused(world, world.finish(page), "Begin again", status=403)
    assert actions() == ["oauth.asked", "oauth.refused"]


def test_another_session_of_the_same_person_can_not_finish(world: World) -> None:
    page = world.back(world.consent(world.begin()))
    again = Client()
    again.force_login(User.objects.get(username="owner"))
    refused(world, world.finish(page, client=again), "another session", status=403)


@pytest.mark.parametrize("realm", ["", "12", "9130350000000001<script>"])
def test_what_comes_along_must_fit(world: World, realm: str) -> None:
    came = world.consent(world.begin()) | {"realmId": realm}
    refused(world, world.back(came), "does not fit")


@pytest.mark.parametrize("code", ["", "x" * 9000])
def test_a_code_must_look_like_one(world: World, code: str) -> None:
    came = world.consent(world.begin()) | {"code": code}
    refused(world, world.back(came), "gave no access")


def test_a_code_is_never_sent_twice(world: World) -> None:
    world.finish(world.back(world.consent(world.begin())))
    Authorization.objects.update(state="exchanging")  # a worker died there
    world.work("oauth.exchange")
    assert world.oauth.counts.token_calls == 0
    assert "lost" in Authorization.objects.get().problem


def test_a_failed_exchange_is_said_on_the_page_and_changes_nothing(world: World) -> None:
    world.finish(world.back(world.consent(world.begin())))
    world.oauth.odd = Oddities(body="<html>", status=400)
    world.work("oauth.exchange")
    row = Authorization.objects.get()
    assert (row.state, bytes(row.code_sealed)) == ("failed", b"")
    assert Grant.objects.count() == 0
    assert "realm_id" not in connections.settings_of(world.connection)
    with keyrings.holding("web"), as_role("web"):
        shown = world.owner.get(reverse("connection", args=["granted"])).content.decode()
    assert "did not accept the sign-in" in shown


def test_the_code_and_the_verifier_do_not_open_in_web_or_for_another_row(world: World) -> None:
    world.back(world.consent(world.begin()))
    row = Authorization.objects.get()
    for what, blob in (("code", row.code_sealed), ("verifier", row.verifier_sealed)):
        with keyrings.holding("web"), pytest.raises(CryptoError):
            vault_box.open_box(bytes(blob), expected=row.binding(what))
        with keyrings.holding("worker"):
            assert vault_box.open_box(bytes(blob), expected=row.binding(what))
            row.version += 1
            with pytest.raises(CryptoError):
                vault_box.open_box(bytes(blob), expected=row.binding(what))
            row.version -= 1
