"""The auditors' pages: who may enter, that nothing can be changed, that nothing secret is shown."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from appliance.accounts.models import User
from appliance.auditors.site import auditors
from connector.audit.models import Entry
from connector.crypto import keyring
from tests.conftest import as_role
from tests.connector.console import box

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(settings: object) -> Iterator[None]:
    """A busy box with an account of every role, run with the rights of web."""
    box.a_busy_box()
    box.people()
    settings.CONNECTOR_KEYRING = "tests.keyrings.web"  # type: ignore[attr-defined]
    keyring.reset()
    with as_role("web"):
        yield


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=role))
    return client


def addresses() -> list[str]:
    found = [reverse("auditors:index")]
    for model, page in auditors._registry.items():
        name = f"auditors:{model._meta.app_label}_{model._meta.model_name}"
        found.append(reverse(f"{name}_changelist"))
        row = model._default_manager.first()
        if row is not None:
            found.append(reverse(f"{name}_change", args=[row.pk]))
        assert page.model is model
    return found


@pytest.mark.parametrize("role", ["owner", "auditor"])
def test_owners_and_auditors_see_every_page(role: str, busy: None) -> None:
    client = signed_in(role)

    for address in addresses():
        answer = client.get(address)

        assert answer.status_code == 200, address
        text = answer.content.decode()
        assert box.SECRET not in text
        assert "sealed" not in text.replace("key.resealed", ""), address


@pytest.mark.parametrize("role", ["operator", "viewer"])
def test_others_see_nothing(role: str, busy: None) -> None:
    client = signed_in(role)

    for address in addresses():
        assert client.get(address).status_code == 302, address


def test_who_is_not_signed_in_comes_to_the_console_s_door(busy: None) -> None:
    answer = Client().get(reverse("auditors:audit_entry_changelist"), follow=True)

    assert answer.redirect_chain[-1][0].startswith("/sign-in/?next=")
    assert b'name="password"' in answer.content


def test_the_site_has_no_door_of_its_own(busy: None) -> None:
    answer = Client().post(
        reverse("auditors:login"), {"username": "owner", "password": box.PASSWORD}
    )

    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")
    assert "_auth_user_id" not in Client().session


@pytest.mark.parametrize("verb", ["add", "change", "delete"])
def test_nothing_can_be_changed_by_anybody(verb: str, busy: None) -> None:
    client = signed_in("owner")
    for model in auditors._registry:
        name = f"auditors:{model._meta.app_label}_{model._meta.model_name}_{verb}"
        row = model._default_manager.first()
        args = [] if verb == "add" else [row.pk if row else 1]

        answer = client.post(reverse(name, args=args), {"post": "yes"})

        assert answer.status_code in (302, 403), (name, answer.status_code)
        if row is not None:
            row.refresh_from_db()


def test_no_action_is_offered_on_a_list(busy: None) -> None:
    client = signed_in("owner")

    text = client.get(reverse("auditors:accounts_user_changelist")).content.decode()
    answer = client.post(
        reverse("auditors:accounts_user_changelist"),
        {"action": "delete_selected", "_selected_action": ["1"]},
    )

    assert 'name="action"' not in text
    assert answer.status_code in (200, 302, 403)
    assert User.objects.count() == 4


def test_an_own_password_is_not_changed_here(busy: None) -> None:
    client = signed_in("auditor")

    assert client.get(reverse("auditors:password_change"))["Location"] == "/"
    assert b"password_change" not in client.get(reverse("auditors:index")).content


def test_a_long_list_is_counted_to_a_limit_only(busy: None) -> None:
    for number in range(60):
        box.an_entry(subject=f"account:{number}")
    client = signed_in("auditor")

    with CaptureQueriesContext(connection) as asked:
        answer = client.get(reverse("auditors:audit_entry_changelist"))

    counts = [query["sql"] for query in asked if "COUNT(" in query["sql"]]
    assert answer.context["cl"].result_count == Entry.objects.count()
    assert counts and all("LIMIT 5000" in sql for sql in counts), counts


def test_events_and_deliveries_are_listed_without_their_contents(busy: None) -> None:
    client = signed_in("auditor")

    text = client.get(reverse("auditors:flows_delivery_changelist")).content.decode()

    assert "INV-1" not in text
