"""The console as the web process runs it: its keys, and its rights in the database."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from appliance.accounts.models import User
from connector.crypto import keyring
from connector.flows.models import Flow
from tests.conftest import as_role
from tests.connector.console import box

SignIn = Callable[[str], Client]


@pytest.fixture
def web(settings: object, db: None) -> Iterator[None]:
    """From here on the process holds the keys and the rights of web, no more."""
    settings.CONNECTOR_KEYRING = "tests.keyrings.web"  # type: ignore[attr-defined]
    keyring.reset()
    with as_role("web"):
        yield


@pytest.fixture
def signed_in(db: None) -> SignIn:
    """Somebody of a role, who has just signed in."""

    def sign_in(role: str) -> Client:
        client = Client()
        person = User.objects.filter(username=role).first() or box.a_person(role)
        client.force_login(person)
        box.just_proved(person, client.session)
        return client

    return sign_in


@pytest.fixture
def flow() -> Flow:
    return box.a_busy_box()


@pytest.fixture
def owner(flow: Flow, signed_in: SignIn, web: None) -> Client:
    """The owner in a busy box, which runs with the rights of web from here on."""
    return signed_in("owner")
