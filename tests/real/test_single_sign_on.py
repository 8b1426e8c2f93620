"""Single sign-on against a real OpenID Connect provider"""

import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from appliance.accounts.models import SignInRules, User
from connector.audit.models import Entry
from connector.crypto import keyring
from tests.appliance.accounts.people import PASSWORD, attempt, somebody
from tests.conftest import as_role
from tests.real.oidc.provider import SECRET, CannotInstall, running_provider

START, CALLBACK = "/sign-in/with/sso/", "/sign-in/from/sso/"
pytestmark = [pytest.mark.real, pytest.mark.django_db]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A running provider. Without its packages the tests are skipped; in CI they fail."""
    try:
        with running_provider(f"http://testserver{CALLBACK}") as running:
            yield running
    except CannotInstall as why:
        if os.environ.get("CI") == "true":
            pytest.fail(str(why))
        pytest.skip(f"NOT TESTED against a real provider. {why}")


@pytest.fixture(autouse=True)
def _web(settings: Any, issuer: str, db: None) -> Iterator[None]:
    settings.SSO_ISSUER, settings.SSO_CLIENT_ID = issuer, "box"
    settings.SSO_CLIENT_SECRET = SECRET
    settings.CONNECTOR_KEYRING = "tests.keyrings.web"
    keyring.reset()
    with as_role("web"):
        yield


def at_the_provider(client: Client, name: str, next_: str = "") -> str:
    """Start at the box, sign in at the provider, and answer where that leads."""
    address = client.get(START, {"next": next_})["Location"]
    browser = requests.Session()
    browser.trust_env = False
    page = browser.get(address)
    form = re.search(r'action="([^"]+)"', page.text)
    assert form, page.text
    sent = {"prompt": "login", "login": name, "password": "anything"}
    answer = browser.post(form[1], data=sent, allow_redirects=False)
    while not answer.headers["Location"].startswith("http://testserver"):
        answer = browser.get(urljoin(answer.url, answer.headers["Location"]), allow_redirects=False)
    return str(answer.headers["Location"]).removeprefix("http://testserver")


def back(client: Client, address: str) -> HttpResponse:
    """What a browser does: the first call, from another site, has no cookies, the second has."""
    page = Client().get(address)
    onward = re.search(r"URL='([^']+)'", page.content.decode())
    assert page.status_code == 200 and onward
    assert "_redir" in onward[1]
    answer: HttpResponse = client.get(onward[1].replace("&amp;", "&"))  # type: ignore[assignment]
    return answer


def refusal() -> str:
    return str(Entry.objects.filter(action="account.sign_in_refused").latest("number").facts)


def test_somebody_who_is_here_comes_in_by_their_verified_e_mail_and_is_linked() -> None:
    somebody("ann")
    client = Client()

    answer = back(client, at_the_provider(client, "ann", "/runs/"))

    assert answer["Location"] == "/runs/"
    assert client.get("/runs/").status_code == 200
    linked = SocialAccount.objects.get()
    assert (linked.uid, linked.user.username, linked.extra_data) == ("ann", "ann", {})
    actions = list(Entry.objects.order_by("number").values_list("action", flat=True))
    assert actions == ["account.single_sign_on_linked", "account.signed_in"]
    assert '"single sign-on"' in Entry.objects.get(action="account.signed_in").facts


def test_the_identity_counts_from_then_on_not_the_e_mail() -> None:
    somebody("ann")
    first = Client()
    back(first, at_the_provider(first, "ann"))
    User.objects.filter(username="ann").update(email="other@halden.example")

    client = Client()
    assert back(client, at_the_provider(client, "ann"))["Location"] == "/"


@pytest.mark.parametrize("name", ["stranger", "unsure", "word"])
def test_nobody_else_comes_in_and_nobody_gets_an_account(name: str) -> None:
    if name != "stranger":
        somebody(name)  # is here, but the provider does not call the e-mail verified
    people = User.objects.count()
    client = Client()

    answer = back(client, at_the_provider(client, name))

    assert answer.status_code == 403
    assert "You are not signed in" in answer.content.decode()
    assert client.get("/").status_code == 302
    assert User.objects.count() == people and not SocialAccount.objects.exists()
    assert "no person here" in refusal()


def test_somebody_who_may_not_sign_in_any_more_is_refused() -> None:
    ann = somebody("ann")
    first = Client()
    back(first, at_the_provider(first, "ann"))
    User.objects.filter(pk=ann.pk).update(is_active=False)

    client = Client()
    assert back(client, at_the_provider(client, "ann"))["Location"] == "/sign-in/"
    assert client.get("/").status_code == 302
    assert "may not sign in any more" in refusal()


def test_a_second_identity_with_the_same_e_mail_does_not_take_over() -> None:
    ann = somebody("ann")
    SocialAccount.objects.create(user=ann, provider="sso", uid="somebody-else")

    client = Client()
    assert back(client, at_the_provider(client, "ann")).status_code == 403
    assert "another identity" in refusal()


def test_an_answer_is_worth_nothing_twice_and_nothing_in_another_browser() -> None:
    somebody("ann")
    client, other = Client(), Client()
    address = at_the_provider(client, "ann")

    assert back(other, address).status_code == 403
    assert other.get("/").status_code == 302
    assert back(client, address).status_code == 302
    used = Client()
    used.cookies = client.cookies
    assert back(used, address).status_code == 403


@pytest.mark.parametrize(
    "answer", ["", "?error=access_denied", "?code=made-up&state=made-up", "?state=x&code=y&iss=z"]
)
def test_a_made_up_answer_is_refused(answer: str) -> None:
    client = Client()
    client.get(START)

    assert client.get(f"{CALLBACK}{answer}{'&' if answer else '?'}_redir=").status_code == 403
    assert client.get("/").status_code == 302


def test_a_person_who_denies_at_the_provider_is_told_so() -> None:
    client = Client()
    address = client.get(START)["Location"]
    state = dict(pair.split("=") for pair in urlsplit(address).query.split("&"))["state"]

    answer = client.get(f"{CALLBACK}?error=access_denied&state={state}&_redir=")

    assert answer.status_code == 403
    assert "cancelled" in refusal()


def test_a_provider_on_another_host_than_its_issuer_s_is_not_called(settings: Any) -> None:
    settings.SSO_ISSUER = "http://10.1.2.3:9000"

    assert Client().get(START).status_code == 403
    settings.SSO_ISSUER = "https://localhost.invalid"
    assert Client().get(START).status_code == 403


def test_passwords_can_be_kept_for_owners_alone() -> None:
    somebody("ann", "operator")
    somebody("rosa", "owner")
    SignInRules.objects.create(second_factor="nobody", passwords_for_owners_alone=True)

    assert attempt("ann", PASSWORD).status_code == 403
    assert "passwords are for owners alone" in refusal()
    assert attempt("rosa", PASSWORD).status_code == 302
    client = Client()
    assert back(client, at_the_provider(client, "ann"))["Location"] == "/"


def test_no_token_and_no_secret_of_the_provider_is_kept() -> None:
    somebody("ann")
    client = Client()
    back(client, at_the_provider(client, "ann"))

    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT count(*) FROM socialaccount_socialtoken")
        assert cursor.fetchone() == (0,)
    assert SECRET not in " ".join(Entry.objects.values_list("facts", flat=True))
