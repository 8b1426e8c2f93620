"""appliance.accounts.setup, through its page"""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from appliance.accounts import setup
from appliance.accounts.models import SetupLink, User
from connector.audit.models import Entry
from connector.crypto import mac

PERSON = {
    "email": "Mara.Lindt@halden.example",
    "full_name": "Mara Lindt",
    "password": "four calm grey horses",
    "again": "four calm grey horses",
}


def post(token: str, **changes: str) -> HttpResponse:
    answer: HttpResponse = Client().post(f"/set-up/{token}/", {**PERSON, **changes})  # type: ignore[assignment]
    return answer


def test_only_the_hash_of_a_link_is_stored() -> None:
    token = setup.create_link()

    row = SetupLink.objects.get()
    assert bytes(row.token_hash) == mac.sha256(token.encode())
    assert token.encode() not in bytes(row.token_hash)
    assert len(token) >= 40


def test_the_link_makes_the_first_owner_signs_them_in_and_is_recorded() -> None:
    token = setup.create_link()
    client = Client()

    answer = client.post(f"/set-up/{token}/", PERSON)

    person = User.objects.get()
    assert (person.username, person.role) == ("mara.lindt@halden.example", "owner")
    assert person.get_full_name() == "Mara Lindt"
    assert person.check_password(PERSON["password"])
    assert answer["Location"] == "/"
    assert client.get("/").status_code == 200
    assert list(Entry.objects.order_by("number").values_list("action", flat=True)) == [
        "setup.completed",
        "account.signed_in",
    ]


def test_a_link_works_once() -> None:
    token = setup.create_link()
    post(token)

    assert post(token, email="second@halden.example").status_code == 410
    assert Client().get(f"/set-up/{token}/").status_code == 410
    assert User.objects.count() == 1


def test_no_link_works_once_the_box_has_an_owner() -> None:
    first, second = setup.create_link(), setup.create_link()
    post(first)

    assert post(second, email="second@halden.example").status_code == 410
    with pytest.raises(setup.LinkRefused):
        setup.complete(second, email="x@y.example", name="X", password="p", actor="test")
    assert User.objects.count() == 1


def test_a_link_is_dead_after_a_day() -> None:
    token = setup.create_link()
    SetupLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert Client().get(f"/set-up/{token}/").status_code == 410
    assert post(token).status_code == 410
    assert not User.objects.exists()


def test_a_link_lives_for_a_day() -> None:
    setup.create_link()

    left = SetupLink.objects.get().expires_at - timezone.now()
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)


@pytest.mark.parametrize("token", ["x", "0" * 43, "%00", "../sign-in"])
def test_an_unknown_link_shows_nothing_to_fill_in(token: str) -> None:
    answer = Client().get(f"/set-up/{token}/")

    assert answer.status_code in (404, 410)
    assert b'name="password"' not in answer.content


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "short", "again": "short"}, "at least 12 characters"),
        ({"password": "password1234", "again": "password1234"}, "too common"),
        (
            {"password": "mara.lindt@halden", "again": "mara.lindt@halden"},
            "too similar",
        ),
        ({"again": "four calm grey houses"}, "not the password from the field above"),
        ({"email": "no address"}, "valid email"),
        ({"full_name": ""}, "required"),
    ],
)
def test_bad_input_makes_no_owner_and_leaves_the_link_alone(
    changes: dict[str, str], words: str
) -> None:
    token = setup.create_link()

    answer = post(token, **changes)

    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert PERSON["password"] not in answer.content.decode()
    assert not User.objects.exists()
    assert setup.is_open(token)


def test_a_link_is_made_only_while_there_is_no_owner() -> None:
    token = setup.create_link_if_needed()
    post(token)

    assert token
    assert setup.create_link_if_needed() == ""
