"""Signed webhooks of the practice systems, received by a real server."""

import base64
import hashlib
import hmac
import json
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connector.sandbox import events
from connector.sandbox.events import Target
from connector.sandbox.server import running_ap, running_erp
from connector.sandbox.webserver import Request, Response, WebServer
from tests.connector.sandbox.conftest import ap_bill, erp_bill, sign_in

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@dataclass
class Receiver:
    """Keeps what comes; `statuses` are answered first, 204 after them."""

    statuses: list[int] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(self.statuses.pop(0) if self.statuses else 204)

    def wait(self, count: int) -> list[dict[str, object]]:
        end = time.monotonic() + 10
        while len(self.requests) < count and time.monotonic() < end:
            time.sleep(0.005)
        assert len(self.requests) == count
        return [json.loads(request.body) for request in self.requests]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()
    server = WebServer(kept.answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    kept.url = server.url
    yield kept
    server.stop()
    thread.join()


def signed(request: Request) -> bool:
    """The check of a receiver, written apart from the code of the sender."""
    message = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode()
    digest = hmac.new(b"k" * 32, message + request.body, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    return hmac.compare_digest(expected, request.headers["webhook-signature"])


def test_the_signature_is_that_of_the_published_example() -> None:
    signature = events.sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_new_and_a_changed_bill_are_told_of(receiver: Receiver) -> None:
    target = Target(receiver.url + "/hooks/erp/", SECRET)
    with running_erp(bills=0, webhook=target) as system:
        erp = sign_in(system)
        bill = erp.post("/api/v1/bills", erp_bill(erp)).body
        erp.patch(f"/api/v1/bills/{bill['id']}", {"status": "approved"})
        made, changed = receiver.wait(2)
    assert (made["type"], made["data"]) == ("bill.created", {"id": bill["id"]})
    assert (changed["type"], changed["data"]) == ("bill.updated", {"id": bill["id"]})
    first = receiver.requests[0]
    assert first.path == "/hooks/erp/"
    assert first.headers["webhook-id"] == made["id"] != changed["id"]
    assert abs(int(first.headers["webhook-timestamp"]) - time.time()) < 60
    assert all(signed(request) for request in receiver.requests)


def test_the_ledger_tells_of_its_bills_too(receiver: Receiver) -> None:
    with running_ap(vendors=1, webhook=Target(receiver.url, SECRET)) as system:
        ap = sign_in(system)
        ap.post("/v2/bills", ap_bill(ap), key="k")
        ap.post("/v2/bills", ap_bill(ap), key="k")
        (event,) = receiver.wait(1)
        assert event["type"] == "bill.created"


def test_touched_records_are_told_of(receiver: Receiver) -> None:
    with running_erp(bills=20, webhook=Target(receiver.url, SECRET)) as system:
        touched = system.touch("bills", count=5)["touched"]
        told = receiver.wait(5)
        assert sorted(str(event["data"]["id"]) for event in told) == sorted(touched)  # type: ignore[index]
        with pytest.raises(ValueError, match="404"):
            system.touch("bills", ids=["B-1"])


def test_nothing_is_told_of_what_was_refused(receiver: Receiver) -> None:
    with running_erp(bills=0, webhook=Target(receiver.url, SECRET)) as system:
        erp = sign_in(system)
        assert erp.post("/api/v1/bills", erp_bill(erp, total=1)).status == 422
        assert system.stats()["events"] == {}


def test_an_event_is_sent_again_with_the_same_id_until_it_is_taken(receiver: Receiver) -> None:
    receiver.statuses += [500, 401]
    target = Target(receiver.url, SECRET)
    with running_erp(bills=1, webhook=target, first_wait_s=0.05) as system:
        system.touch("bills")
        receiver.wait(3)
        time.sleep(0.2)
        assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
        assert all(signed(request) for request in receiver.requests)
        assert system.stats()["events"] == {"sent": 1}


def test_a_receiver_that_is_gone_is_not_asked_again(receiver: Receiver) -> None:
    receiver.statuses += [410]
    with running_erp(bills=1, webhook=Target(receiver.url, SECRET), first_wait_s=0.05) as system:
        system.touch("bills")
        receiver.wait(1)
        time.sleep(0.2)
        assert system.stats()["events"] == {"given_up": 1}
        receiver.wait(1)


def test_events_wait_for_a_receiver_that_is_down_over_a_restart(
    receiver: Receiver, tmp_path: Path
) -> None:
    nobody = Target("http://127.0.0.1:9", SECRET)
    with running_erp(tmp_path, bills=1, webhook=nobody, first_wait_s=0.05) as system:
        system.touch("bills")
        time.sleep(0.1)
        assert system.stats()["events"] == {"waiting": 1}
    with running_erp(tmp_path, webhook=Target(receiver.url, SECRET)) as system:
        receiver.wait(1)


def test_the_address_can_be_given_later(receiver: Receiver) -> None:
    with running_erp(bills=1) as system:
        system.touch("bills")
        assert system.stats()["events"] == {}
        system.ask("POST", "/admin/webhook", {"url": receiver.url + "/new/", "secret": SECRET})
        system.touch("bills")
        receiver.wait(1)
        assert receiver.requests[0].path == "/new/"
        for secret in ("plain", "whsec_!!"):
            with pytest.raises(ValueError, match="422"):
                system.ask("POST", "/admin/webhook", {"url": receiver.url, "secret": secret})


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody knows, with its key in one file."""
    file = tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-out", str(file)]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(tmp_path / "key.pem")]
    subprocess.run(command, check=True, capture_output=True)
    file.write_text(file.read_text() + (tmp_path / "key.pem").read_text())
    return file


def test_over_tls_only_a_receiver_with_the_known_certificate_is_told(certificate: Path) -> None:
    receiver = Receiver()
    server = WebServer(receiver.answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = server.url.replace("http:", "https:")
    try:
        with running_erp(bills=1, webhook=Target(url, SECRET), first_wait_s=0.05) as system:
            system.touch("bills")
            time.sleep(0.3)
            assert receiver.requests == []
            known = {"url": url, "ca": str(certificate)}
            system.ask("POST", "/admin/webhook", known)
            (event,) = receiver.wait(1)
            assert event["type"] == "bill.updated"
    finally:
        server.stop()
        thread.join()
