"""Signing in as somebody tries it who should not"""

import json
from typing import Any

import pytest
from django.test import Client

from appliance.accounts.models import User
from connector.audit.models import Entry
from tests.appliance.accounts.people import PASSWORD, attempt, signed_in, somebody, with_app

MADE_UP: list[Any] = [
    *(None, [], {}, 1, "x", {"id": 1}, {"id": "AA", "rawId": "AA", "type": "public-key"}),
    {"id": "AA", "rawId": "AA", "type": "public-key", "response": []},
    {
        "id": "AA",
        "rawId": "AA",
        "type": "public-key",
        "response": {"clientDataJSON": "e30", "attestationObject": "oA"},
    },
    {"id": "AA", "rawId": "AA", "type": "public-key", "response": {"userHandle": "MQ"}},
    {
        "id": "AA",
        "rawId": "AA",
        "type": "public-key",
        "response": {
            "userHandle": "MQ",
            "clientDataJSON": "e30",
            "authenticatorData": "AA",
            "signature": "AA",
        },
    },
]


@pytest.fixture
def omar() -> User:
    return somebody()


def test_a_made_up_passkey_opens_nothing_and_breaks_nothing(omar: User) -> None:
    stranger, half, owner = Client(), Client(), signed_in("omar")
    with_app(owner)
    attempt("omar", client=half)

    pages = (
        *((stranger, "/sign-in/passkey/"), (half, "/sign-in/code/")),
        *((owner, "/confirm/passkey/"), (owner, "/account/passkeys/add/")),
    )
    for client, address in pages:
        client.get(address, headers={"Accept": "application/json"})
        for number, credential in enumerate(MADE_UP):
            sent = {"credential": json.dumps(credential)}
            answer = client.post(address, sent, REMOTE_ADDR=f"192.0.2.{number}")
            # 429: a person may confirm 10 times a minute
            assert answer.status_code in (200, 302, 400, 429), (address, credential)
    assert stranger.get("/").status_code == half.get("/").status_code == 302
    assert not Entry.objects.filter(action="account.confirmed").exists()


@pytest.mark.parametrize(
    "name", ["", " ", "%", "' OR 1=1 --", "omar\x00", "OMAR", "o" * 5_000, "омар", "omar\r\nmara"]
)
def test_odd_names_are_answered_like_any_other(name: str, omar: User) -> None:
    answer = attempt(name, PASSWORD)

    assert answer.status_code == (302 if name == "OMAR" else 403)


def test_one_e_mail_of_two_people_is_nobody_s_name() -> None:
    for name in ("omar", "mara"):
        User.objects.create_user(username=name, email="both@halden.example", password=PASSWORD)

    assert attempt("both@halden.example").status_code == 403
    assert attempt("omar").status_code == 302


def test_somebody_s_user_name_is_not_taken_by_another_s_e_mail(omar: User) -> None:
    User.objects.create_user(username="mallory", email="omar", password="seven calm grey horses")

    assert attempt("omar", "seven calm grey horses").status_code == 403
    client = Client()
    attempt("omar", PASSWORD, client=client)
    assert "omar@halden.example" in User.objects.get(pk=client.session["_auth_user_id"]).email


@pytest.mark.parametrize(
    "address",
    ["/account/name/", "/account/password/", "/account/sessions/end/", "/account/app/remove/"],
)
def test_no_form_of_one_s_account_works_without_its_token(address: str, omar: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = signed_in("omar").cookies

    assert client.post(address, {"full_name": "Mallory"}).status_code == 403
    assert User.objects.get().first_name == ""


def test_half_a_sign_in_ends_with_starting_again_and_by_itself(
    omar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    with_app(signed_in("omar"))
    client = Client()
    attempt("omar", client=client)
    client.post("/sign-out/")
    assert client.get("/sign-in/code/")["Location"] == "/sign-in/"

    attempt("omar", client=client)
    later = time.time() + 901
    monkeypatch.setattr(time, "time", lambda: later)
    assert client.get("/sign-in/code/")["Location"] == "/sign-in/"


def test_nobody_signs_up(omar: User) -> None:
    for address in ("/signup/", "/accounts/signup/", "/sign-in/signup/", "/password/reset/"):
        assert Client().get(address).status_code == 404
    assert User.objects.count() == 1


def test_no_page_of_signing_in_may_be_framed_or_kept(omar: User) -> None:
    for client, address in (
        (Client(), "/sign-in/"),
        (signed_in("omar"), "/account/"),
        (signed_in("omar"), "/confirm/"),
    ):
        answer = client.get(address)
        assert answer["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert "no-store" in answer["Cache-Control"]
