"""appliance.people.access, through its pages: roles, access, and the last owner"""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appliance.accounts.models import Session, User
from appliance.people import access
from appliance.people.errors import LastOwner
from connector.audit.models import Entry
from tests.connector.console import box
from tests.connector.console.conftest import SignIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(signed_in: SignIn, web: None) -> Client:
    return signed_in("owner")


def entries(action: str) -> list[tuple[str, str, dict[str, object]]]:
    rows = Entry.objects.filter(action=action).order_by("number")
    return [(row.actor, row.subject, json.loads(row.facts)) for row in rows]


def test_another_role_is_given_recorded_and_ends_the_sessions(
    owner: Client, signed_in: SignIn
) -> None:
    theirs = signed_in("viewer")
    person = User.objects.get(username="viewer")
    assert theirs.get("/runs/").status_code == 200

    owner.post(f"/people/{person.pk}/role/", {"role": "operator"})

    person.refresh_from_db()
    assert person.role == "operator"
    assert not Session.objects.filter(user=person).exists()
    assert theirs.get("/runs/")["Location"].startswith("/sign-in/")
    assert entries("account.role_changed") == [
        ("owner", "account:viewer", {"before": "viewer", "after": "operator"})
    ]


def test_who_is_deactivated_is_out_at_once_and_can_come_back(
    owner: Client, signed_in: SignIn
) -> None:
    theirs = signed_in("viewer")
    person = User.objects.get(username="viewer")

    owner.post(f"/people/{person.pk}/switch/", {"to": "off"})

    assert theirs.get("/runs/")["Location"].startswith("/sign-in/")
    assert not Client().login(username="viewer", password=box.PASSWORD)
    owner.post(f"/people/{person.pk}/switch/", {"to": "on"})
    person.refresh_from_db()
    assert person.is_active
    assert theirs.get("/runs/")["Location"].startswith("/sign-in/")  # the old session stays over
    assert len(entries("account.deactivated")) == len(entries("account.reactivated")) == 1


def test_a_lost_second_factor_is_reset(owner: Client, signed_in: SignIn) -> None:
    signed_in("viewer")
    person = User.objects.get(username="viewer")
    for kind in ("totp", "recovery_codes"):
        Authenticator.objects.create(user=person, type=kind, data={})

    owner.post(f"/people/{person.pk}/second-factor/")

    assert not Authenticator.objects.filter(user=person).exists()
    assert not Session.objects.filter(user=person).exists()
    assert entries("account.second_factor_reset") == [("owner", "account:viewer", {"removed": 2})]


def test_all_sessions_of_somebody_are_ended_but_the_one_that_asks(owner: Client) -> None:
    mine = User.objects.get(username="owner")
    other = Client()
    other.force_login(mine)

    owner.post(f"/people/{mine.pk}/sessions/")

    assert owner.get("/people/").status_code == 200
    assert other.get("/people/")["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    ("address", "body"), [("role", {"role": "auditor"}), ("switch", {"to": "off"})]
)
def test_the_last_owner_stays(address: str, body: dict[str, str], owner: Client) -> None:
    box.a_person("operator")
    box.a_person("owner", "away")
    User.objects.filter(username="away").update(is_active=False)
    mine = User.objects.get(username="owner")

    answer = owner.post(f"/people/{mine.pk}/{address}/", body, follow=True)

    mine.refresh_from_db()
    assert (mine.role, mine.is_active) == ("owner", True)
    assert "The box would have no active owner." in answer.content.decode()
    assert not Entry.objects.filter(subject="account:owner", action__contains="role").exists()


@pytest.mark.parametrize("role", ["admin", "", "Owner", "owner\x00"])
def test_a_role_that_is_none_changes_nothing(role: str, owner: Client) -> None:
    person = box.a_person("viewer")

    owner.post(f"/people/{person.pk}/role/", {"role": role})

    person.refresh_from_db()
    assert person.role == "viewer"
    assert not entries("account.role_changed")


def test_nothing_is_changed_before_who_asks_has_proved_it_again(signed_in: SignIn) -> None:
    person = box.a_person("viewer")
    client = Client()
    client.force_login(box.a_person("owner"))

    answer = client.post(
        f"/people/{person.pk}/role/",
        {"role": "owner"},
        headers={"Referer": f"http://testserver/people/{person.pk}/"},
    )

    assert answer["Location"] == f"/confirm/?next=%2Fpeople%2F{person.pk}%2F"
    person.refresh_from_db()
    assert person.role == "viewer"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["demote", "deactivate", "one of each"])
def test_two_owners_who_remove_each_other_at_the_same_moment_leave_one(way: str) -> None:
    first, second = box.a_person("owner", "first"), box.a_person("owner", "second")
    at_once = Barrier(2)

    def remove(other: User, actor: str) -> str:
        try:
            at_once.wait(5)
            if way == "demote" or (way == "one of each" and actor == "first"):
                access.change_role(other, User.Role.VIEWER, actor=actor)
            else:
                access.deactivate(other, actor=actor)
        except LastOwner:
            return "refused"
        finally:
            connections.close_all()
        return "done"

    for _ in range(4):
        User.objects.update(role="owner", is_active=True)
        with ThreadPoolExecutor(2) as pool:
            results = [
                pool.submit(remove, second, "first"),
                pool.submit(remove, first, "second"),
            ]
            assert sorted(one.result(10) for one in results) == ["done", "refused"]
        assert User.objects.filter(role="owner", is_active=True).count() == 1


def test_the_list_asks_as_much_for_many_people_as_for_few(owner: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            assert owner.get("/people/").status_code == 200
        return sum("rekey_expectedkey" not in one["sql"] for one in found)  # asked each second

    for number in range(3):
        box.a_person("viewer", f"a-{number}")
    few = asked()
    for number in range(40):
        box.a_person("viewer", f"b-{number}")

    assert asked() == few
    assert few <= 10


def test_the_list_goes_on_by_key(owner: Client) -> None:
    for number in range(60):
        box.a_person("viewer", f"p-{number:02}")

    first = owner.get("/people/").content.decode()
    second = owner.get("/people/?after=p-48").content.decode()

    assert "p-48" in first
    assert "p-49" not in first
    assert "p-49" in second
    assert "p-48</" not in second
