"""The receiver over real HTTP, where a header can be sent twice and a body without its length."""

import http.client
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from connector.webhooks.models import Event
from tests.connector.webhooks.worlds import BILL, an_endpoint, headers_for

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("connector.webhooks.urls"),
]

Headers = Sequence[tuple[str, str | bytes]]


def send(server: LiveServer, path: str, headers: Headers, body: bytes) -> tuple[int, bytes]:
    """Send exactly these headers, in this order; answer status and body."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    try:
        connection.putrequest("POST", path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        assert response.getheader("Set-Cookie") is None
        assert response.getheader("Content-Length") == "0"
        return response.status, response.read()
    finally:
        connection.close()


def test_headers_sent_twice_or_in_odd_bytes_are_refused_and_any_case_is_taken(
    live_server: LiveServer,
) -> None:
    path = reverse("hook", args=[an_endpoint().path])
    length = ("Content-Length", str(len(BILL)))
    good = list(headers_for(BILL).items())

    for name, value in good:
        rest = [(key, text) for key, text in good if key != name]
        for bent in (
            [*good, (name, value)],
            [*good, (name.upper(), value)],
            [*good, (name, "")],
            [*rest, (name, value.encode() + b"\xc3\xa9")],
            [*rest, (name, b"\xff" + value.encode())],
            [*rest, (name.replace("-", "_"), value)],
        ):
            assert send(live_server, path, [length, *bent], BILL) == (401, b""), bent
    assert not Event.objects.exists()

    shouted = [(name.upper(), value) for name, value in good]
    assert send(live_server, path, [length, *shouted], BILL) == (200, b"")
    assert Event.objects.count() == 1


@pytest.mark.parametrize("length", ["1048577", "99999999999999999999", "x", "-1", "\u00b2"])
def test_a_length_that_is_too_large_or_none_is_refused_unread(
    live_server: LiveServer, length: str
) -> None:
    path = reverse("hook", args=[an_endpoint().path])
    headers: Headers = [("Content-Length", length.encode("latin-1")), *headers_for(BILL).items()]

    status, body = send(live_server, path, headers, b"")

    assert (status, body) == (413, b"")


def test_a_body_without_its_length_is_no_body(live_server: LiveServer) -> None:
    path = reverse("hook", args=[an_endpoint().path])

    assert send(live_server, path, list(headers_for(BILL).items()), BILL) == (401, b"")
    assert not Event.objects.exists()
