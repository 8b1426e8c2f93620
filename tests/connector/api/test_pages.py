"""connector.api.pages: making, seeing and revoking tokens in the console"""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appliance.accounts.models import User
from connector.api import tokens
from connector.api.models import ApiToken
from tests.connector.console import box
from tests.connector.console.conftest import SignIn

pytestmark = pytest.mark.django_db
FORM = {"title": "Ledger export", "scopes": ["runs.see", "flows.run"], "days": "90"}


@pytest.fixture
def operator(signed_in: SignIn, web: None) -> Client:
    return signed_in("operator")


def made(client: Client) -> str:
    answer = client.post("/tokens/new/", FORM)
    found = re.search(r'value="(mlc_[\w-]{43})"', answer.content.decode())
    assert found, answer.content
    return found[1]


def test_a_token_is_shown_once_and_works(operator: Client) -> None:
    text = made(operator)

    assert text not in operator.get("/tokens/").content.decode()
    assert text[:12] in operator.get("/tokens/").content.decode()
    answer = Client(headers={"Authorization": f"Bearer {text}"}).get("/api/v1/runs/")
    assert answer.status_code == 200


def test_a_revoked_token_is_over_at_once(operator: Client) -> None:
    text = made(operator)

    operator.post(f"/tokens/{ApiToken.objects.get().pk}/revoke/")

    asks = Client(headers={"Authorization": f"Bearer {text}"})
    assert asks.get("/api/v1/runs/").status_code == 401
    assert box.actions()[-2:] == ["token.created", "token.revoked"]


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": ["credentials.change"]},
        {"scopes": ["people.change"]},
        {"scopes": []},
        {"days": "366"},
        {"days": "0"},
        {"title": ""},
    ],
)
def test_what_may_not_be_given_makes_no_token(changes: dict[str, object], operator: Client) -> None:
    assert operator.post("/tokens/new/", {**FORM, **changes}).status_code == 422
    assert not ApiToken.objects.exists()


def test_people_see_their_own_and_an_owner_everybody_s(operator: Client, signed_in: SignIn) -> None:
    made(operator)
    row = ApiToken.objects.get()
    viewer, owner = signed_in("viewer"), signed_in("owner")

    assert row.prefix not in viewer.get("/tokens/").content.decode()
    assert viewer.post(f"/tokens/{row.pk}/revoke/").status_code == 404
    assert row.prefix in owner.get("/tokens/").content.decode()
    owner.post(f"/tokens/{row.pk}/revoke/")
    row.refresh_from_db()
    assert row.revoked_at


def test_what_a_lower_role_took_from_a_token_is_said(operator: Client, signed_in: SignIn) -> None:
    made(operator)
    User.objects.filter(username="operator").update(role="viewer")

    page = signed_in("owner").get("/tokens/").content.decode()

    assert "lost with the role: flows.run" in page


def test_nobody_makes_one_before_they_have_proved_again_who_they_are(db: None) -> None:
    client = Client()
    client.force_login(box.a_person("owner"))

    assert client.post("/tokens/new/", FORM)["Location"].startswith("/confirm/")
    assert not ApiToken.objects.exists()


def test_the_list_asks_as_much_for_many_tokens_as_for_few(operator: Client) -> None:
    def more(number: int) -> int:
        for _ in range(number):
            tokens.create(
                maker=User.objects.get(username="operator"),
                title="One more",
                scopes=["runs.see"],
                days=9,
                actor="operator",
            )
        with CaptureQueriesContext(connection) as found:
            assert operator.get("/tokens/").status_code == 200
        return sum("rekey_expectedkey" not in one["sql"] for one in found)  # asked each second

    assert more(3) == more(40) <= 9
