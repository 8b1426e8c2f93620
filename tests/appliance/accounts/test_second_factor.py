"""Second factors: setting up, using, sealing, and who needs one"""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from appliance.accounts import second_factor
from appliance.accounts.models import FactorSecret, SignInRules, User
from appliance.accounts.sealed import SEALED
from connector.audit.models import Entry
from connector.crypto import envelope
from tests.appliance.accounts.people import (
    attempt,
    code_of,
    codes_of,
    kinds_of,
    signed_in,
    somebody,
    with_app,
    with_passkey,
)


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


def test_a_code_of_the_step_before_or_after_is_taken_and_no_older_one(
    omar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = with_app(signed_in("omar"))
    now = time.time() // 30 * 30 + 301
    monkeypatch.setattr(time, "time", lambda: now)

    statuses = {
        step: second_step("omar", code_of(secret, step), Client()).status_code
        for step in (-2, 2, -1, 1)
    }

    assert statuses == {-2: 200, 2: 200, -1: 302, 1: 302}


def test_a_used_code_is_refused_as_long_as_it_would_be_right(
    omar: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in("omar")
    secret = with_app(client)
    now = time.time() // 30 * 30 + 301
    monkeypatch.setattr(time, "time", lambda: now)
    code = code_of(secret, 1)
    assert second_step("omar", code, Client()).status_code == 302

    now += 31
    with connection.cursor() as cursor:  # what is kept for one step alone is over
        later = "UPDATE accounts_cached SET expires_at = expires_at - interval '31 seconds'"
        cursor.execute(later)
    for again in (code, f" {code[:3]} {code[3:]}"):
        assert second_step("omar", again, Client()).status_code == 200
    assert "not right" in client.post("/confirm/code/", {"code": code}).content.decode()
    assert actions().count("account.second_factor_refused") == 3


def test_a_passkey_is_offered_to_who_has_one_once_the_password_was_right(omar: User) -> None:
    with_app(signed_in("omar"))

    def offered() -> bool:
        client = Client()
        assert client.get("/sign-in/code/")["Location"].startswith("/sign-in/")
        attempt("omar", client=client)
        return "Use a passkey" in client.get("/sign-in/code/").content.decode()

    assert not offered()
    with_passkey(omar)
    assert offered()


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

    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT data::text FROM mfa_authenticator")
        assert cursor.fetchall() == [('{"sealed": true}',)]
        for column in ("sealed FROM accounts_factorsecret", "content FROM accounts_session"):
            cursor.execute(f"SELECT {column}")
            stored = b" ".join(bytes(row[0]) for row in cursor.fetchall())
            assert stored and secret.encode() not in stored and seed.encode() not in stored


def test_a_second_factor_copied_to_another_person_fits_no_code_and_stays(omar: User) -> None:
    secret = with_app(signed_in("omar"))
    owner = somebody("mara", "owner")
    stolen = FactorSecret.objects.get(authenticator__type="totp")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mfa_authenticator (user_id, type, data, created_at)"
            """ VALUES (%s, 'totp', '{"sealed": true}', now()) RETURNING id""",
            [owner.pk],
        )
        copy = FactorSecret.objects.create(pk=cursor.fetchone()[0], sealed=stolen.sealed)

    assert second_step("mara", code_of(secret), Client()).status_code == 200
    Authenticator.objects.get(user=owner).save()
    copy.refresh_from_db()
    assert copy.sealed == stolen.sealed


def test_the_secrets_are_sealed_anew_under_the_next_key(omar: User, settings: Any) -> None:
    secret = with_app(signed_in("omar"))
    before = {row.pk: bytes(row.sealed) for row in FactorSecret.objects.all()}
    (column,) = SEALED

    for row in FactorSecret.objects.select_related(*column.related):
        FactorSecret.objects.filter(pk=row.pk).update(sealed=column.again(row, bytes(row.sealed)))

    assert {row.pk for row in FactorSecret.objects.all()} == set(before)
    assert all(bytes(row.sealed) != before[row.pk] for row in FactorSecret.objects.all())
    assert column.naming([envelope.key_id(before[omar_row]) for omar_row in before]).count() == 2
    assert Authenticator.objects.get(type="totp").data == {"secret": secret}


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


def every_page(resolver: Any = None, prefix: str = "/") -> Iterator[tuple[str, str]]:
    """Name and address of every page of the box; signing out is left for the end."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern).removeprefix("^").removesuffix("$")
        if isinstance(entry, URLResolver):
            yield from every_page(entry, route)
        elif entry.name != "sign-out":
            route = re.sub(r"<uuid:\w+>", "0" * 8 + "-0000-4000-8000-" + "0" * 12, route)
            yield str(entry.name), re.sub(r"<[^>]+>|\(\?P.*?\)", "1", route)


def test_a_session_by_password_alone_opens_no_page_before_the_second_factor(
    settings: Any,
) -> None:
    settings.MODE = "production"
    somebody("rosa", "owner")
    client = signed_in("rosa")

    addresses = list(every_page())
    opened = {
        name
        for name, address in addresses
        for method in ("get", "post")
        if (answer := getattr(client, method)(address)).status_code != 405
        and answer.get("Location") != "/second-factor/"
    }

    assert len(addresses) > 60
    assert opened <= second_factor.BEFORE


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
