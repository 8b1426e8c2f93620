"""The small web server under the practice systems: what it takes, and what it refuses."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.sandbox.server import Running
from connector.sandbox.webserver import Request, Response, WebServer
from tests.connector.sandbox.conftest import Caller, ap_bill, erp_bill, sign_in


@pytest.fixture
def echo() -> Iterator[str]:
    def app(request: Request) -> Response:
        told = {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "body": request.body.decode("latin-1"),
        }
        return Response(200, json.dumps(told).encode())

    server = WebServer(app)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.url
    server.stop()
    thread.join()


def talk(url: str, *parts: bytes) -> bytes:
    """Send the parts in turn, then read until the server hangs up."""
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        for part in parts:
            connection.sendall(part)
        received = b""
        with contextlib.suppress(OSError):  # it may have hung up already
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while more := connection.recv(65_536):
                received += more
    return received


def test_it_listens_on_loopback_only(echo: str) -> None:
    assert urlsplit(echo).hostname == "127.0.0.1"


def test_a_connection_is_kept_for_the_next_request(echo: str) -> None:
    one = b"GET /a?x=1&y=%C3%A9 HTTP/1.1\r\nHost: x\r\n\r\n"
    received = talk(echo, one, b"POST /b%20c HTTP/1.1\r\ncontent-LENGTH: 3\r\n\r\nab", b"c")
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert rb'"query": {"x": "1", "y": "\u00e9"}' in received
    assert b'"path": "/b c", "query": {}, "body": "abc"' in received


def test_a_connection_is_closed_on_request(echo: str) -> None:
    one = b"GET /a HTTP/1.1\r\nConnection: close\r\n\r\n"
    received = talk(echo, one, one)
    assert received.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close\r\n" in received


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: x\r\n" % n for n in range(101)) + b"\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_closed(
    echo: str, sent: bytes, status: int
) -> None:
    assert talk(echo, sent).startswith(b"HTTP/1.1 %d " % status)


def test_a_body_that_is_cut_off_is_not_answered(echo: str) -> None:
    assert talk(echo, b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc") == b""


def test_a_stop_cuts_connections_that_are_waiting() -> None:
    server = WebServer(lambda _request: Response(204))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    address = urlsplit(server.url)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), timeout=5) as waiting:
        waiting.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert waiting.recv(1000).startswith(b"HTTP/1.1 204 No Content")
        server.stop()
        assert waiting.recv(1000) == b""
    thread.join()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("DELETE", "/v2/bills/1"), ("GET", "/v2/bills/1/2"), ("PUT", "/v2/bills")],
)
def test_an_address_that_there_is_not_is_404(ap: Caller, method: str, path: str) -> None:
    assert ap.call(method, path).status == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"a": NaN}', b'"x"'])
def test_a_body_that_is_no_object_is_refused(ap: Caller, erp: Caller, body: bytes) -> None:
    assert ap.post("/v2/bills", body).status == 400
    assert erp.post("/api/v1/bills", body).status == 400


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5) | st.sampled_from(["EUR", "0400", "119.00", "1e999", "credit_note"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def replaced(record: dict[str, Any], place: list[str], value: Any) -> dict[str, Any]:
    first, *rest = place
    if not rest:
        return {**record, first: value}
    inner = record[first]
    if isinstance(inner, list):
        return {**record, first: [replaced(inner[0], rest, value)]}
    return {**record, first: replaced(inner, rest, value)}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_value_in_any_field_breaks_a_system(
    ap_system: Running, erp_system: Running, data: st.DataObject
) -> None:
    ap, erp = sign_in(ap_system), sign_in(erp_system)
    value = data.draw(anything)
    field = data.draw(
        st.sampled_from(["external_id", "header", "lines", "header.total", "header.vendor_id",
                         "header.kind", "header.due_date", "header.currency", "lines.amount",
                         "lines.tax", "lines.gl_account", "lines.department"])
    )  # fmt: skip
    answer = ap.post("/v2/bills", replaced(ap_bill(ap), field.split("."), value))
    assert answer.status in (201, 400, 422)
    field = data.draw(
        st.sampled_from(["reference", "vendor_id", "type", "status", "currency", "issued_at",
                         "total", "lines", "purchase_order_id", "memo", "request_id",
                         "lines.amount", "lines.tax_amount", "lines.quantity", "lines.gl_account"])
    )  # fmt: skip
    answer = erp.post("/api/v1/bills", replaced(erp_bill(erp), field.split("."), value))
    assert answer.status in (201, 400, 409, 422)
    for caller in (ap, erp):
        caller.connection.close()
