"""Proving again who one is, before something dangerous"""

import time

import pytest
from django.test import Client

from appliance.accounts.models import User
from connector.audit.models import Entry
from tests.appliance.accounts.people import PASSWORD, code_of, signed_in, somebody, with_app


@pytest.fixture
def omar() -> User:
    return somebody()


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time() + seconds
    monkeypatch.setattr(time, "time", lambda: now)


def is_asked(client: Client) -> bool:
    answer = client.get("/account/password/")
    return answer.status_code == 302 and answer["Location"].startswith("/confirm/?next=")


def test_who_has_just_signed_in_is_not_asked_and_after_ten_minutes_is(
    omar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in("omar")
    assert not is_asked(client)

    later(monkeypatch, 599)
    assert not is_asked(client)
    later(monkeypatch, 2)
    assert is_asked(client)


def test_the_password_confirms_for_ten_minutes_and_leads_back(
    omar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in("omar")
    later(monkeypatch, 700)

    answer = client.post("/confirm/", {"password": PASSWORD, "next": "/account/password/"})

    assert answer["Location"] == "/account/password/"
    assert not is_asked(client)
    assert Entry.objects.filter(action="account.confirmed", actor="omar").count() == 1


def test_a_code_confirms_too(omar: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in("omar")
    secret = with_app(client)
    later(monkeypatch, 700)
    assert is_asked(client)

    client.post("/confirm/code/", {"code": code_of(secret)})

    assert not is_asked(client)


def test_a_wrong_password_confirms_nothing_is_recorded_and_counted(
    omar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in("omar")
    later(monkeypatch, 700)

    for _ in range(7):
        client.post("/confirm/", {"password": "wrong"})
    client.post("/confirm/", {"password": PASSWORD})

    assert is_asked(client)
    assert Entry.objects.filter(action="account.sign_in_refused").count() == 5


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:1"])
def test_confirming_leads_to_no_other_site(target: str, omar: User) -> None:
    answer = signed_in("omar").post("/confirm/", {"password": PASSWORD, "next": target})

    assert answer["Location"] == "/"


def test_nobody_confirms_without_a_session() -> None:
    for address in ("/confirm/", "/confirm/code/", "/confirm/passkey/"):
        assert Client().post(address)["Location"].startswith("/sign-in/")
