"""Signing in and out, through the pages"""

import time
from typing import Any

import pytest
from django.contrib.auth.hashers import identify_hasher, make_password
from django.http import HttpResponse
from django.test import Client, RequestFactory

from appliance.accounts import limits
from appliance.accounts.models import User
from connector.audit.models import Entry
from tests.appliance.accounts.people import somebody

PASSWORD = "correct horse battery staple"
WRONG = "wrong horse battery staple"
HERE, ANYWHERE = 5, 20
SENTENCE = "That name and password don’t fit together."


@pytest.fixture
def omar() -> User:
    return User.objects.create_user(username="omar", password=PASSWORD, role="operator")


def attempt(
    name: str, password: str, *, client: Client | None = None, **extra: Any
) -> HttpResponse:
    answer: HttpResponse = (client or Client()).post(  # type: ignore[assignment]
        "/sign-in/", {"login": name, "password": password, "next": extra.pop("next", "")}, **extra
    )
    return answer


def refusals() -> int:
    return Entry.objects.filter(action="account.sign_in_refused").count()


def test_the_right_password_signs_in_and_is_recorded(omar: User) -> None:
    client = Client()

    answer = attempt("omar", PASSWORD, client=client)

    assert answer["Location"] == "/"
    assert client.get("/").status_code == 200
    entry = Entry.objects.get(action="account.signed_in")
    assert (entry.actor, entry.subject) == ("omar", "account:omar")
    assert "127.0.0.1" in entry.facts
    assert PASSWORD not in entry.facts


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(omar: User) -> None:
    client = Client()
    wrong_password = attempt("omar", WRONG, client=client)
    wrong_name = attempt("nobody", WRONG, client=client)

    def plain(answer: HttpResponse) -> str:
        text = answer.content.decode()
        for name in ("omar", "nobody"):
            text = text.replace(name, "")
        return "\n".join(line for line in text.splitlines() if "csrfmiddlewaretoken" not in line)

    assert wrong_password.status_code == wrong_name.status_code == 403
    assert SENTENCE in plain(wrong_password)
    assert plain(wrong_password) == plain(wrong_name)
    assert refusals() == 2


def test_a_typed_password_comes_back_nowhere(omar: User) -> None:
    answer = attempt("omar", WRONG)
    attempt(WRONG, "in the wrong field")

    assert WRONG not in answer.content.decode()
    for entry in Entry.objects.all():
        assert WRONG not in f"{entry.subject} {entry.actor} {entry.facts}"


def test_after_five_tries_the_right_password_is_refused_as_well(omar: User) -> None:
    for _ in range(HERE):
        attempt("omar", WRONG)

    answer = attempt("omar", PASSWORD)

    assert answer.status_code == 403
    assert SENTENCE in answer.content.decode()
    assert refusals() == HERE
    assert not Entry.objects.filter(action="account.signed_in").exists()


def test_a_flood_writes_no_more_than_the_tries_into_the_log(omar: User) -> None:
    for _ in range(30):
        attempt("omar", WRONG)
        attempt("nobody", WRONG)

    assert refusals() == 2 * HERE


def test_the_pause_of_one_address_does_not_lock_out_another(omar: User) -> None:
    for _ in range(HERE):
        attempt("omar", WRONG, REMOTE_ADDR="192.0.2.1")

    assert attempt("omar", PASSWORD, REMOTE_ADDR="192.0.2.2").status_code == 302


def test_many_addresses_together_are_stopped_too(omar: User) -> None:
    for number in range(ANYWHERE):
        attempt("omar", WRONG, REMOTE_ADDR=f"192.0.2.{number}")

    assert attempt("omar", PASSWORD, REMOTE_ADDR="198.51.100.9").status_code == 403
    assert refusals() == ANYWHERE


def test_the_pause_ends_by_itself(omar: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(HERE):
        attempt("omar", WRONG)
    assert attempt("omar", PASSWORD).status_code == 403

    later = time.time() + 901
    monkeypatch.setattr(time, "time", lambda: later)

    assert attempt("omar", PASSWORD).status_code == 302


def test_strangers_can_t_lock_somebody_out_where_they_signed_in_before(omar: User) -> None:
    attempt("omar", PASSWORD, REMOTE_ADDR="203.0.113.5")
    for number in range(ANYWHERE):
        attempt("omar", WRONG, REMOTE_ADDR=f"192.0.2.{number}")

    assert attempt("omar", PASSWORD, REMOTE_ADDR="198.51.100.9").status_code == 403
    assert attempt("omar", PASSWORD, REMOTE_ADDR="203.0.113.5").status_code == 302


def test_a_header_is_no_way_round_the_pause(omar: User) -> None:
    for number in range(HERE + 3):
        attempt("omar", WRONG, HTTP_X_FORWARDED_FOR=f"192.0.2.{number}", REMOTE_ADDR="203.0.113.5")

    answer = attempt(
        "omar", PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.77", REMOTE_ADDR="203.0.113.5"
    )
    assert answer.status_code == 403
    assert refusals() == HERE


def test_all_names_of_a_person_are_counted_together() -> None:
    somebody("omar")
    for name in ("omar", "OMAR", "omar@halden.example", "Omar@Halden.example", "omar"):
        attempt(name, WRONG)

    assert attempt("omar@halden.example", PASSWORD).status_code == 403
    assert attempt("omar", PASSWORD).status_code == 403
    assert refusals() == HERE


def test_a_success_forgets_the_tries_before_it(omar: User) -> None:
    for _ in range(HERE - 1):
        attempt("omar", WRONG)
    attempt("omar", PASSWORD)

    attempt("omar", WRONG)

    assert attempt("omar", PASSWORD).status_code == 302


def test_somebody_who_may_not_sign_in_any_more_is_refused(omar: User) -> None:
    User.objects.update(is_active=False)

    assert attempt("omar", PASSWORD).status_code == 403


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/flows/?a=b", "/flows/?a=b"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_to_a_page_of_this_box_alone(wanted: str, target: str, omar: User) -> None:
    assert attempt("omar", PASSWORD, next=wanted)["Location"] == target


def test_signing_in_gives_a_new_session(omar: User) -> None:
    client = Client()
    client.get("/sign-in/")
    session = client.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key

    attempt("omar", PASSWORD, client=client)

    assert client.session.session_key != before


def test_signing_out_ends_the_session_and_is_recorded(omar: User) -> None:
    client = Client()
    attempt("omar", PASSWORD, client=client)

    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/")["Location"] == "/sign-in/"

    assert client.get("/").status_code == 302
    assert Entry.objects.filter(action="account.signed_out", actor="omar").count() == 1


def test_a_form_without_its_token_is_refused(omar: User) -> None:
    client = Client(enforce_csrf_checks=True)

    assert attempt("omar", PASSWORD, client=client).status_code == 403
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("meta", "address"),
    [
        ({"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, "192.0.2.1"),
        ({"REMOTE_ADDR": "", "HTTP_X_FORWARDED_FOR": "203.0.113.9, 192.0.2.7"}, "192.0.2.7"),
        ({"REMOTE_ADDR": ""}, ""),
    ],
)
def test_the_address_is_the_peer_s_or_what_our_own_proxy_wrote_last(
    meta: dict[str, str], address: str
) -> None:
    request = RequestFactory().get("/")
    request.META.update(meta)

    assert limits.client_address(request) == address


def test_passwords_are_hashed_with_scrypt_at_the_strength_promised(
    settings: Any,
) -> None:
    settings.PASSWORD_HASHERS = ["appliance.accounts.hashers.Scrypt"]

    stored = make_password(PASSWORD)

    hasher = identify_hasher(stored)
    decoded = hasher.decode(stored)
    assert (decoded["work_factor"], decoded["block_size"], decoded["parallelism"]) == (
        131_072,
        8,
        1,
    )
    assert not hasher.must_update(stored)

    User.objects.create(username="omar", password=stored)
    assert attempt("omar", PASSWORD).status_code == 302
    assert attempt("omar", WRONG).status_code == 403
