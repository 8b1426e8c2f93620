"""connector.webhooks.store"""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from connector.audit.models import Entry
from connector.crypto import envelope
from connector.crypto.errors import CannotOpen
from connector.crypto.keyring import Domain
from connector.crypto.secret import Secret
from connector.webhooks import store
from connector.webhooks.errors import BadEndpoint, EndpointGone
from connector.webhooks.models import Endpoint
from tests.connector.webhooks.worlds import SECRET, TEXT_SECRET, a_connection, an_endpoint

pytestmark = [pytest.mark.django_db, pytest.mark.urls("connector.webhooks.urls")]

UNSIGNED = {"scheme": "path_secret", "secret": "generated"}


def opened(endpoint: Endpoint, field: str) -> str:
    blob = bytes(getattr(endpoint, f"{field}_sealed"))
    return envelope.open_sealed(Domain.RECEIVER, blob, place=endpoint.place(field)).decode()


def recorded(action: str) -> list[dict[str, Any]]:
    return [json.loads(one.facts) for one in Entry.objects.filter(action=action).order_by("number")]


def test_an_endpoint_gets_an_address_nobody_can_guess_and_a_sealed_secret() -> None:
    connection = a_connection()
    one = an_endpoint(connection=connection)
    two = an_endpoint(slug="two", connection=connection)

    assert one.path != two.path and len(one.path) >= 43
    assert one.scheme == "standard"
    assert SECRET.encode() not in bytes(one.secret_sealed)
    assert opened(one, "secret") == SECRET
    assert recorded("endpoint.created")[0] == {"slug": "bills-in", "scheme": "standard"}
    assert all(SECRET not in entry.facts for entry in Entry.objects.all())


def test_a_secret_opens_at_no_other_endpoint() -> None:
    one = an_endpoint()
    two = an_endpoint(slug="two", connection=one.connection)
    two.secret_sealed = one.secret_sealed

    with pytest.raises(CannotOpen):
        opened(two, "secret")


def test_the_address_is_the_public_one() -> None:
    with override_settings(PUBLIC_URL="https://box.example/"):
        assert store.address("abc") == "https://box.example/hooks/abc/"


def test_a_change_is_recorded_by_the_names_of_what_changed() -> None:
    endpoint = an_endpoint()

    store.change(endpoint, title="Bills", events=["bill.*"], actor="mara")
    store.change(endpoint, title="Bills", events=["bill.*"], actor="mara")
    store.change(endpoint, events=[], actor="mara")
    store.change(endpoint, secret_references={"signing": {"env": "X"}}, actor="mara")

    assert [one["fields"] for one in recorded("endpoint.changed")] == [
        "events",
        "events",
        "secret_references",
    ]
    endpoint.refresh_from_db()
    assert (endpoint.title, endpoint.events) == ("Bills", [])


def test_switching_is_recorded_once_each_way() -> None:
    endpoint = an_endpoint()

    for on in (True, False, False, True):
        store.switch(endpoint, on=on, actor="mara")

    assert [one["fields"] for one in recorded("endpoint.changed")] == ["off", "on"]


def test_a_rotation_keeps_the_previous_secret_for_the_overlap() -> None:
    endpoint = an_endpoint({"scheme": "github"}, secret=Secret(TEXT_SECRET))

    row = store.rotate_secret(
        endpoint, Secret("another secret"), actor="mara", overlap=timedelta(hours=2)
    )

    assert (opened(row, "secret"), opened(row, "previous")) == ("another secret", TEXT_SECRET)
    assert row.previous_until is not None
    assert timedelta(hours=1) < row.previous_until - timezone.now() <= timedelta(hours=2)
    assert recorded("endpoint.secret_rotated") == [{"slug": "bills-in"}]


def test_a_rotation_without_overlap_and_a_first_secret_keep_nothing() -> None:
    endpoint = an_endpoint({"scheme": "github"}, secret=None)
    first = store.rotate_secret(endpoint, Secret(TEXT_SECRET), actor="mara")
    assert (bytes(first.previous_sealed), first.previous_until) == (b"", None)

    row = store.rotate_secret(
        endpoint, Secret("another secret"), actor="mara", overlap=timedelta(0)
    )

    assert (bytes(row.previous_sealed), row.previous_until) == (b"", None)
    assert opened(row, "secret") == "another secret"


def test_an_archived_endpoint_has_no_secret_and_does_not_change() -> None:
    endpoint = an_endpoint()

    store.archive(endpoint, actor="mara")

    row = Endpoint.objects.get()
    assert (bytes(row.secret_sealed), bytes(row.previous_sealed), row.enabled) == (b"", b"", False)
    for act in (
        lambda: store.change(endpoint, title="x", actor="mara"),
        lambda: store.switch(endpoint, on=True, actor="mara"),
        lambda: store.rotate_secret(endpoint, Secret(SECRET), actor="mara"),
        lambda: store.archive(endpoint, actor="mara"),
    ):
        with pytest.raises(EndpointGone, match="Bills"):
            act()


@pytest.mark.parametrize(
    ("secret", "match"),
    [
        ("", "8 to 1000"),
        ("short", "8 to 1000"),
        ("x" * 1_001, "8 to 1000"),
        ("a secret with\na line break", "line break"),
        (" a secret with a space ", "space"),
        ("whsec_not-base64!", "copy it whole"),
        ("whsec_AAAA====", "copy it whole"),
    ],
)
def test_a_secret_that_is_none_is_refused_and_not_shown(secret: str, match: str) -> None:
    endpoint = an_endpoint()
    before = bytes(Endpoint.objects.get().secret_sealed)

    with pytest.raises(BadEndpoint, match=match) as caught:
        store.rotate_secret(endpoint, Secret(secret), actor="mara")

    assert not secret or secret not in str(caught.value)
    assert bytes(Endpoint.objects.get().secret_sealed) == before
    assert not recorded("endpoint.secret_rotated")


def test_an_overlap_has_bounds() -> None:
    endpoint = an_endpoint()

    for overlap in (timedelta(seconds=-1), timedelta(days=91)):
        with pytest.raises(BadEndpoint, match="90 days"):
            store.rotate_secret(endpoint, Secret(SECRET), actor="mara", overlap=overlap)


@pytest.mark.parametrize(
    ("webhooks", "match"),
    [
        ({"scheme": "morse"}, "morse"),
        (UNSIGNED, "genuine"),
        ({"handshake": "hook_secret"}, "hook_secret"),
    ],
)
def test_a_system_whose_events_could_not_be_proved_gets_no_endpoint(
    webhooks: dict[str, Any], match: str
) -> None:
    with pytest.raises(BadEndpoint, match=match):
        an_endpoint(webhooks)

    assert not Endpoint.objects.exists()


def test_a_name_is_never_used_again() -> None:
    endpoint = an_endpoint()
    store.archive(endpoint, actor="mara")

    with pytest.raises(BadEndpoint, match="bills-in"):
        an_endpoint(connection=endpoint.connection)


def test_a_system_without_webhooks_gets_no_endpoint() -> None:
    connection = a_connection()
    connection.system = "tryton"

    with pytest.raises(BadEndpoint, match="schedule"):
        an_endpoint(connection=connection)
