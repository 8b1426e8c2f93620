"""Second factors: setting up, using, sealing, and who needs one"""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.urls import reverse

from appliance.accounts import second_factor
from appliance.accounts.models import SignInRules, User
from connector.audit.models import Entry
from tests.appliance.accounts.people import (
    attempt,
    code_of,
    codes_of,
    kinds_of,
    raw,
    signed_in,
    somebody,
    with_app,
)
from tests.connector.console.test_access import PAGES, address_of


@pytest.fixture
def omar() -> User:
    return somebody()


def actions() -> list[str]:
    return list(Entry.objects.order_by("number").values_list("action", flat=True))


def second_step(name: str, code: str, client: Client) -> Any:
    assert attempt(name, client=client)["Location"] == "/sign-in/code/"
    return client.post("/sign-in/code/", {"code": code})


def test_with_an_app_a_password_alone_opens_nothing(omar: User) -> None:
    secret = with_app(signed_in("omar"))
    client = Client()

    attempt("omar", client=client)
    assert client.get("/").status_code == 302
    assert client.get("/account/")["Location"].startswith("/sign-in/")

    answer = client.post("/sign-in/code/", {"code": code_of(secret)})
    assert answer["Location"] == "/"
    assert client.get("/").status_code == 200
    entry = Entry.objects.filter(action="account.signed_in").latest("number")
    assert '"password and second factor"' in entry.facts


def test_setting_up_and_removing_an_app_is_recorded(omar: User) -> None:
    client = signed_in("omar")
    with_app(client)
    client.post("/account/app/remove/")

    assert kinds_of(omar) == set()
    assert actions() == [
        "account.signed_in",
        "account.second_factor_added",
        "account.second_factor_added",
        "account.second_factor_removed",
        "account.second_factor_removed",
    ]
    assert {entry.actor for entry in Entry.objects.all()} == {"omar"}


def test_a_wrong_code_is_refused_recorded_and_counted(omar: User) -> None:
    secret = with_app(signed_in("omar"))
    client = Client()
    attempt("omar", client=client)

    for _ in range(7):
        answer = client.post("/sign-in/code/", {"code": "000000"})
        assert answer.status_code == 200
        assert "not right" in answer.content.decode() or "Too many" in answer.content.decode()
    client.post("/sign-in/code/", {"code": code_of(secret)})

    assert client.get("/").status_code == 302
    assert actions().count("account.second_factor_refused") == 5


def test_a_code_works_once(omar: User, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = with_app(signed_in("omar"))
    now = time.time() // 30 * 30 + 31
    monkeypatch.setattr(time, "time", lambda: now)

    assert second_step("omar", code_of(secret), Client()).status_code == 302
    assert second_step("omar", code_of(secret), Client()).status_code == 200


def test_recovery_codes_are_shown_once_and_each_works_once(omar: User) -> None:
    owner = signed_in("omar")
    with_app(owner)
    codes = codes_of(owner)

    assert len(set(codes)) == 10
    assert not any(code in owner.get("/account/codes/").content.decode() for code in codes)
    assert second_step("omar", codes[0], Client()).status_code == 302
    assert second_step("omar", codes[0], Client()).status_code == 200
    assert second_step("omar", codes[1], Client()).status_code == 302


def test_the_database_holds_no_secret_of_a_second_factor(omar: User) -> None:
    client = signed_in("omar")
    secret = with_app(client)
    seed = Authenticator.objects.get(type="recovery_codes").data["seed"]

    assert set(raw("totp")) and secret not in raw("totp")
    assert seed not in raw("recovery_codes")
    for kind in ("totp", "recovery_codes"):
        assert raw(kind).startswith('{"sealed": "')
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM accounts_session")
        assert not any(secret.encode() in bytes(row[0]) for row in cursor.fetchall())


def test_a_second_factor_copied_to_another_person_fits_no_code_and_stays(omar: User) -> None:
    secret = with_app(signed_in("omar"))
    owner = somebody("mara", "owner")
    stolen = raw("totp")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mfa_authenticator (user_id, type, data, created_at)"
            " VALUES (%s, 'totp', %s::jsonb, now())",
            [owner.pk, stolen],
        )

    assert second_step("mara", code_of(secret), Client()).status_code == 200
    Authenticator.objects.get(user=owner).save()
    assert raw("totp") == stolen


@pytest.mark.parametrize(("role", "led"), [("owner", True), ("operator", True), ("viewer", False)])
def test_in_production_who_can_change_things_is_led_to_set_one_up(
    role: str, led: bool, settings: Any
) -> None:
    settings.MODE = "production"
    somebody("rosa", role)

    answer = signed_in("rosa").get("/")

    assert answer.status_code == (302 if led else 200)
    if led:
        assert answer["Location"] == "/second-factor/"


ALLOWED_BEFORE = second_factor.BEFORE


@pytest.mark.parametrize("role", ["owner", "operator"])
def test_a_session_by_password_alone_opens_no_page_before_the_second_factor(
    role: str, settings: Any
) -> None:
    settings.MODE = "production"
    somebody("rosa", role)
    client = signed_in("rosa")

    opened = set()
    for page in PAGES:
        for method in ("get", "post"):
            answer = getattr(client, method)(address_of(page))
            if page.name == "sign-out":
                continue
            if answer.status_code != 405 and answer.get("Location") != "/second-factor/":
                opened.add(page.name)
    assert opened <= ALLOWED_BEFORE
    assert client.get("/auditors/")["Location"] == "/second-factor/"


def test_after_setting_one_up_everything_opens(settings: Any) -> None:
    settings.MODE = "production"
    somebody("rosa", "owner")
    client = signed_in("rosa")
    assert client.get("/second-factor/").status_code == 200

    with_app(client)

    assert client.get("/").status_code == 200


def test_who_needs_one_can_t_remove_the_last(settings: Any) -> None:
    settings.MODE = "production"
    rosa = somebody("rosa", "owner")
    client = signed_in("rosa")
    with_app(client)

    answer = client.post("/account/app/remove/")

    assert "You need a second factor here" in answer.content.decode()
    assert "totp" in kinds_of(rosa)


def test_the_owner_s_rules_hold_are_recorded_and_end_sessions_that_lack_one(omar: User) -> None:
    somebody("rosa", "owner")
    rosa, operator = signed_in("rosa"), signed_in("omar")
    assert operator.get("/").status_code == 200

    rosa.post(reverse("sign-in-rules"), {"second_factor": "hands"})

    assert SignInRules.objects.get().second_factor == "hands"
    assert operator.get("/")["Location"].startswith("/sign-in/")
    assert rosa.get("/")["Location"] == "/second-factor/"
    entry = Entry.objects.get(action="account.sign_in_rules_changed")
    assert (entry.actor, '"sessions": 1' in entry.facts) == ("rosa", True)


@pytest.mark.parametrize("role", ["operator", "viewer", "auditor"])
def test_nobody_but_an_owner_changes_the_rules(role: str) -> None:
    somebody("rosa", role)

    answer = signed_in("rosa").post(reverse("sign-in-rules"), {"second_factor": "nobody"})

    assert answer.status_code == 403
    assert not SignInRules.objects.exists()
