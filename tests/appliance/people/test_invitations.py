"""appliance.people.invitations, through their pages"""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.people import invitations
from appliance.people.errors import LinkRefused
from appliance.people.models import Invitation
from connector.audit.models import Entry
from connector.crypto import mac
from tests.connector.console import box
from tests.connector.console.conftest import SignIn

pytestmark = pytest.mark.django_db
EMAIL = "Ines.Roth@halden.example"
PASSWORD = "four calm grey horses"
CHOSEN = {"full_name": "Ines Roth", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture
def owner(signed_in: SignIn, web: None) -> Client:
    return signed_in("owner")


def invited(owner: Client, role: str = "operator", email: str = EMAIL) -> str:
    """The path of a new link, as the page shows it."""
    answer = owner.post("/people/invite/", {"email": email, "role": role})
    found = re.search(r"http://testserver(/invited/[\w-]+/)", answer.content.decode())
    assert found, answer.content
    return found[1]


def accept(link: str, **changes: str) -> HttpResponse:
    answer: HttpResponse = Client().post(link, {**CHOSEN, **changes})  # type: ignore[assignment]
    return answer


def look(link: str) -> HttpResponse:
    answer: HttpResponse = Client().get(link)  # type: ignore[assignment]
    return answer


def test_the_link_is_shown_once_and_only_its_hash_is_stored(owner: Client) -> None:
    link = invited(owner)
    token = link.split("/")[2]

    row = Invitation.objects.get()
    assert bytes(row.token_hash) == mac.sha256(token.encode())
    assert len(token) >= 43
    assert timedelta(hours=71) < row.expires_at - timezone.now() <= timedelta(hours=72)
    assert token not in owner.get("/people/").content.decode()
    assert token not in " ".join(Entry.objects.values_list("facts", flat=True))


def test_who_is_invited_chooses_name_and_password_and_signs_in(owner: Client) -> None:
    link = invited(owner)
    assert "ines.roth@halden.example" in Client().get(link).content.decode()

    assert accept(link).status_code == 200

    person = User.objects.get(username="ines.roth@halden.example")
    assert (person.role, person.get_full_name()) == ("operator", "Ines Roth")
    assert person.check_password(PASSWORD)
    assert box.actions()[-2:] == ["invitation.created", "invitation.accepted"]
    assert Entry.objects.get(action="invitation.accepted").actor == person.username


def test_a_role_or_address_that_is_sent_along_is_not_heard(owner: Client) -> None:
    accept(invited(owner, role="viewer"), role="owner", email="boss@halden.example")

    assert User.objects.get(username="ines.roth@halden.example").role == "viewer"
    assert not User.objects.filter(username="boss@halden.example").exists()


def test_a_link_that_is_used_withdrawn_old_unknown_or_of_a_former_owner_is_refused_alike(
    owner: Client,
) -> None:
    used = invited(owner, email="a@halden.example")
    accept(used)
    withdrawn = invited(owner, email="b@halden.example")
    row = Invitation.objects.get(email="b@halden.example")
    owner.post(f"/people/invitations/{row.pk}/withdraw/")
    old = invited(owner, email="c@halden.example")
    Invitation.objects.filter(email="c@halden.example").update(expires_at=timezone.now())
    replaced = invited(owner, email="d@halden.example")
    invited(owner, email="d@halden.example")
    orphan = invited(owner, email="e@halden.example")
    Invitation.objects.filter(email="e@halden.example").update(maker=box.a_person("viewer"))
    before = User.objects.count()

    links = [used, withdrawn, old, replaced, orphan, f"/invited/{mac.token()}/", "/invited/x/"]
    answers = [accept(link) for link in links] + [look(link) for link in links]

    assert {answer.status_code for answer in answers} == {410}
    assert len({re.sub(rb"csrf\w+", b"", answer.content) for answer in answers}) == 1
    assert User.objects.count() == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "Brief-1x", "again": "Brief-1x"}, "too short"),
        ({"password": "ines.roth@halden.example", "again": "ines.roth@halden.example"}, "similar"),
        ({"again": "something else here"}, "not the password from the field above"),
        ({"full_name": ""}, "required"),
    ],
)
def test_the_password_policy_holds_and_the_link_stays_open(
    changes: dict[str, str], words: str, owner: Client
) -> None:
    link = invited(owner)

    answer = accept(link, **changes)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert changes.get("password", PASSWORD) not in answer.content.decode().replace(
        "<strong>ines.roth@halden.example</strong>", ""
    )
    assert not User.objects.filter(username__startswith="ines").exists()
    assert accept(link).status_code == 200


def test_somebody_who_has_an_account_is_not_invited_again(owner: Client) -> None:
    box.a_person("viewer", "ines.roth@halden.example")

    answer = owner.post("/people/invite/", {"email": EMAIL, "role": "owner"})

    assert answer.status_code == 422
    assert "has an account already" in answer.content.decode()
    assert not Invitation.objects.exists()


def test_nobody_invites_before_they_have_proved_again_who_they_are(db: None) -> None:
    client = Client()
    client.force_login(box.a_person("owner"))

    answer = client.post("/people/invite/", {"email": EMAIL, "role": "owner"})

    assert answer["Location"].startswith("/confirm/")
    assert not Invitation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_use_a_link_at_the_same_moment_one_gets_the_account() -> None:
    maker = box.a_person("owner")
    token = invitations.create(email=EMAIL, role="viewer", maker=maker, actor="owner").reveal()

    def use(number: int) -> bool:
        try:
            invitations.accept(token, name=f"Nr {number}", password=PASSWORD)
        except LinkRefused:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(use, range(6))) == [False] * 5 + [True]
    assert User.objects.count() == 2
