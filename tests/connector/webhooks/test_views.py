"""connector.webhooks.views: methods, sizes, status codes and greetings."""

import json

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from connector.audit.models import Entry
from connector.jobs import queue
from connector.webhooks.models import Endpoint, Event, Tally
from tests.connector.webhooks.worlds import (
    BILL,
    SECRET,
    a_connection,
    an_endpoint,
    assert_refused,
    deliver,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("connector.webhooks.urls")]


def test_only_post_is_taken(client: Client) -> None:
    url = reverse("hook", args=[an_endpoint().path])

    for method in ("get", "put", "patch", "delete", "head", "options"):
        response = getattr(client, method)(url)
        assert (response.status_code, response.content) == (405, b"")
        assert response.headers["Allow"] == "POST"


def test_a_body_over_one_mebibyte_is_refused_before_anything(client: Client) -> None:
    endpoint = an_endpoint()

    response = deliver(client, endpoint, b"x" * (1_048_576 + 1))

    assert (response.status_code, response.content) == (413, b"")
    assert not Event.objects.exists()
    assert Tally.objects.get().outcome == "too large"


def test_a_query_of_any_size_changes_nothing(client: Client) -> None:
    url = reverse("hook", args=[an_endpoint().path])

    for query in ("a=1&" * 10_000, "%ff=%00", "validationToken=x"):
        assert client.post(f"{url}?{query}").status_code == 401
        assert client.get(f"{url}?{query}").status_code == 405


def test_a_csrf_check_stands_in_nobodys_way() -> None:
    endpoint = an_endpoint()

    assert deliver(Client(enforce_csrf_checks=True), endpoint, BILL).status_code == 200


def test_without_the_database_the_sender_is_asked_to_come_back(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = an_endpoint()

    def away(*args: object, **more: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(queue, "enqueue", away)
    response = deliver(client, endpoint, BILL)

    assert (response.status_code, response.content) == (503, b"")
    assert response.headers["Retry-After"] == "30"
    assert not Event.objects.exists()
    assert not Entry.objects.filter(action="webhook.received").exists()


def test_a_secret_that_does_not_open_asks_to_come_back_and_says_so_in_the_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = an_endpoint()
    other = an_endpoint(slug="other", connection=endpoint.connection)
    Endpoint.objects.filter(pk=other.pk).update(secret_sealed=endpoint.secret_sealed)

    response = deliver(client, other, BILL)

    assert response.status_code == 503
    assert "does not open" in caplog.text
    assert SECRET not in caplog.text


def test_the_sender_behind_the_proxys_socket_is_what_the_proxy_wrote_last() -> None:
    client = Client(REMOTE_ADDR="", HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.80")

    deliver(client, "nothing", BILL)

    entry = Entry.objects.get(action="webhook.refused")
    assert json.loads(entry.facts)["address"] == "203.0.113.80"


def test_a_signed_challenge_is_given_back_and_an_unsigned_one_is_not(client: Client) -> None:
    endpoint = an_endpoint({"handshake": "echo_challenge"})
    body = b'{"type": "url_verification", "challenge": "3eZbrw1aB10"}'

    refused = deliver(client, endpoint, body, {})
    given = deliver(client, endpoint, body)

    assert_refused(refused)
    assert (given.status_code, given.content) == (200, b"3eZbrw1aB10")
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    assert given.headers["Content-Type"].startswith("text/plain")
    assert not Event.objects.exists()


def test_a_token_in_the_address_is_given_back_only_where_the_system_asks_for_it(
    client: Client,
) -> None:
    microsoft = an_endpoint({"handshake": "validation_token"})
    dropbox = an_endpoint(
        slug="other", connection=a_connection({"handshake": "echo_query"}, "box_ltd")
    )
    plain = an_endpoint(slug="plain", connection=a_connection(name="plain_ltd"))

    def url(endpoint: Endpoint) -> str:
        return reverse("hook", args=[endpoint.path])

    assert client.post(url(microsoft) + "?validationToken=abc").content == b"abc"
    assert client.get(url(dropbox) + "?challenge=abc").content == b"abc"
    assert client.get(url(microsoft) + "?validationToken=abc").status_code == 405
    assert client.post(url(dropbox) + "?challenge=abc").status_code == 401
    assert client.get(url(plain) + "?challenge=abc").status_code == 405
    assert client.get(url(dropbox) + "?challenge=a%0d%0ab").status_code == 405
    assert client.get(url(dropbox) + "?challenge=" + "a" * 2001).status_code == 405


@pytest.mark.urls("appliance.urls")
def test_the_address_is_one_of_the_boxs() -> None:
    client = Client(enforce_csrf_checks=True)

    response = deliver(client, an_endpoint(), BILL)

    assert response.status_code == 200
    assert not response.cookies
