"""Sessions: what a dump gives, what ends them, how long they live"""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as live
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appliance.accounts.models import Session, User
from appliance.accounts.session_store import SessionStore, hash_of
from connector.audit.models import Entry
from connector.crypto import keyring
from tests.appliance.accounts.people import PASSWORD, attempt, signed_in, somebody


@pytest.fixture
def omar() -> User:
    return somebody()


def cookie(client: Client) -> str:
    return str(client.cookies[live.SESSION_COOKIE_NAME].value)


def with_cookie(value: str) -> Client:
    client = Client()
    client.cookies[live.SESSION_COOKIE_NAME] = value
    return client


def dump() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(s)::text FROM accounts_session s")
        return " ".join(row[0] for row in cursor.fetchall())


def test_the_database_gives_no_session_and_says_nothing_of_it(omar: User) -> None:
    client = signed_in("omar")
    session = client.session
    session["canary"] = "whoever-reads-this"
    session.save()

    stored = dump()

    assert cookie(client) not in stored and cookie(client)[:32] not in stored
    assert "whoever-reads-this" not in bytes(Session.objects.get().content).decode("latin-1")
    assert client.session["canary"] == "whoever-reads-this"
    for value in json.loads(stored).values():
        assert with_cookie(str(value)).get("/").status_code == 302


@pytest.mark.parametrize("place", [0, 31, 33, -1])
def test_a_changed_cookie_is_refused_before_the_database_is_asked(place: int, omar: User) -> None:
    value = cookie(signed_in("omar"))
    letters = list(value)
    letters[place] = "a" if letters[place] != "a" else "b"

    assert SessionStore("".join(letters)).session_key is None
    assert with_cookie("".join(letters)).get("/").status_code == 302
    assert with_cookie(value).get("/").status_code == 200


def test_content_moved_to_another_session_does_not_open(omar: User) -> None:
    somebody("rosa", "owner")
    owner, other = signed_in("rosa"), signed_in("omar")
    content = Session.objects.get(user__username="rosa").content

    Session.objects.filter(user=omar).update(content=content)

    assert other.get("/").status_code == 302
    assert owner.get("/").status_code == 200


def test_a_session_of_another_key_is_over_and_breaks_nothing(omar: User, settings: Any) -> None:
    client = signed_in("omar")

    settings.CONNECTOR_KEYRING = "tests.keyrings.other_box"
    keyring.reset()

    assert client.get("/").status_code == 302


def test_a_session_ends_when_it_stands_idle_and_at_its_limit(omar: User) -> None:
    idle, old = signed_in("omar"), signed_in("omar")
    first, second = Session.objects.order_by("created_at")
    long_ago = timezone.now() - timedelta(seconds=live.SESSION_COOKIE_AGE + 1)
    Session.objects.filter(pk=first.pk).update(
        seen_at=timezone.now() - timedelta(seconds=live.SESSION_IDLE_S + 1)
    )
    Session.objects.filter(pk=second.pk).update(created_at=long_ago)

    assert idle.get("/").status_code == 302
    assert old.get("/").status_code == 302


def test_a_request_keeps_a_session_alive_and_a_page_that_polls_does_not(omar: User) -> None:
    client = signed_in("omar")
    before = timezone.now() - timedelta(minutes=10)

    Session.objects.update(seen_at=before)
    client.get("/", headers={"HX-Request": "true"})
    assert Session.objects.get().seen_at == before

    client.get("/")
    assert Session.objects.get().seen_at > before + timedelta(minutes=9)


def test_signing_in_takes_a_new_key_and_the_old_one_is_dead(omar: User) -> None:
    client = Client()
    client.get("/sign-in/")
    planted = client.session
    planted["planted"] = "yes"
    planted.save()
    client.cookies[live.SESSION_COOKIE_NAME] = str(planted.session_key)

    attempt("omar", client=client)

    assert cookie(client) != planted.session_key
    assert with_cookie(str(planted.session_key)).get("/").status_code == 302


def test_somebody_sees_their_sessions_and_ends_one_or_all_others(omar: User) -> None:
    here, there, third = signed_in("omar"), signed_in("omar"), signed_in("omar")
    page = here.get("/account/", headers={"User-Agent": "Firefox"}).content.decode()
    assert page.count("127.0.0.1") == 3

    one = Session.objects.get(key_hash=hash_of(cookie(there)))
    here.post(f"/account/sessions/{one.id}/end/")
    assert there.get("/").status_code == 302
    assert third.get("/").status_code == 200

    here.post("/account/sessions/end/")
    assert third.get("/").status_code == 302
    assert here.get("/").status_code == 200
    assert Entry.objects.filter(action="account.sessions_ended", actor="omar").count() == 2


def test_the_account_page_asks_as_much_for_many_sessions_as_for_few(omar: User) -> None:
    client = signed_in("omar")
    counts = []
    for more in (2, 20):
        for _ in range(more):
            Session.objects.create(
                **{**vars_of(Session.objects.filter(user=omar)[0]), "id": uuid4()},
                key_hash=uuid4().bytes * 2,
            )
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/account/").status_code == 200
        counts.append(len([one for one in asked if "rekey" not in one["sql"]]))

    assert counts[0] == counts[1] <= 12


def vars_of(row: Session) -> dict[str, Any]:
    names = ("content", "user_id", "created_at", "seen_at", "address", "device")
    return {name: getattr(row, name) for name in names}


def test_nobody_ends_the_session_of_somebody_else(omar: User) -> None:
    somebody("rosa", "owner")
    victim = signed_in("omar")
    one = Session.objects.get(user=omar)

    signed_in("rosa").post(f"/account/sessions/{one.id}/end/")

    assert victim.get("/").status_code == 200


@pytest.mark.parametrize(
    "change", [{"role": "owner"}, {"is_active": False}, {"password": "anything else"}]
)
def test_a_session_is_worth_nothing_after_a_change_of_role_access_or_password(
    change: dict[str, Any], omar: User
) -> None:
    client = signed_in("omar")

    User.objects.filter(pk=omar.pk).update(**change)

    assert client.get("/").status_code == 302


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(omar: User) -> None:
    here, there = signed_in("omar"), signed_in("omar")
    key = cookie(here)
    new = "seven calm grey horses"

    answer = here.post("/account/password/", {"password": new, "again": new})

    assert answer["Location"] == "/account/"
    assert here.get("/account/").status_code == 200
    assert cookie(here) != key
    assert there.get("/").status_code == 302
    assert attempt("omar", PASSWORD).status_code == 403
    assert attempt("omar", new).status_code == 302
    assert Entry.objects.filter(action="account.password_changed", actor="omar").count() == 1


def test_what_is_over_goes_when_the_next_session_begins(omar: User) -> None:
    signed_in("omar")
    Session.objects.update(seen_at=timezone.now() - timedelta(days=1))

    Client().get("/sign-in/passkey/", headers={"Accept": "application/json"})

    assert Session.objects.count() == 1
