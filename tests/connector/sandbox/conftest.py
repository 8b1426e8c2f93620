"""Running practice systems, and a caller that is signed in."""

import base64
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from connector.sandbox import jsontext
from connector.sandbox.server import Running, running_ap, running_erp


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any
    text: bytes


CALLERS: list["Caller"] = []


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    while CALLERS:
        CALLERS.pop().connection.close()


@dataclass
class Caller:
    """Calls one system over a kept connection; `headers` go with every call."""

    system: Running
    headers: dict[str, str] = field(default_factory=dict)
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        netloc = urlsplit(self.system.url).netloc
        self.connection = http.client.HTTPConnection(netloc, timeout=10)
        CALLERS.append(self)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        address = path + ("?" + urlencode(query) if query else "")
        content = body if body is None or isinstance(body, bytes) else jsontext.encode(body)
        try:
            self.connection.request(method, address, content, {**self.headers, **(headers or {})})
            answer = self.connection.getresponse()
            text = answer.read()
        except BaseException:
            self.connection.close()
            raise
        is_json = answer.headers.get_content_type() == "application/json" and text
        parsed = json.loads(text, parse_float=Decimal) if is_json else None
        return Answer(answer.status, dict(answer.headers), parsed, text)

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, **query)

    def post(self, path: str, body: Any, key: str = "") -> Answer:
        return self.call("POST", path, body, headers={"Idempotency-Key": key} if key else None)

    def patch(self, path: str, body: Any) -> Answer:
        return self.call("PATCH", path, body)


def token_for(system: Running) -> Answer:
    pair = f"{system.keys['client_id']}:{system.keys['client_secret']}".encode()
    headers = {
        "Authorization": "Basic " + base64.b64encode(pair).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    form = b"grant_type=client_credentials"
    return Caller(system).call("POST", "/oauth/token", form, headers=headers)


def sign_in(system: Running) -> Caller:
    """A caller with a token (ERP) or a session (ledger) of its own."""
    if system.site.name == "erp":
        token = token_for(system).body["access_token"]
        return Caller(system, {"Authorization": f"Bearer {token}"})
    caller = Caller(system)
    pair = {"user": system.keys["user"], "password": system.keys["password"]}
    caller.headers["X-Session-Id"] = caller.post("/login", pair).body["session_id"]
    return caller


@pytest.fixture
def erp_system() -> Iterator[Running]:
    with running_erp(bills=60) as system:
        yield system


@pytest.fixture
def ap_system() -> Iterator[Running]:
    with running_ap(vendors=3) as system:
        yield system


@pytest.fixture
def erp(erp_system: Running) -> Caller:
    return sign_in(erp_system)


@pytest.fixture
def ap(ap_system: Running) -> Caller:
    return sign_in(ap_system)


def ap_bill(ap: Caller, number: str = "INV-1", **header: Any) -> dict[str, Any]:
    """A bill that the ledger takes: 119.00 EUR of its first vendor."""
    vendor = ap.get("/v2/vendors").body["items"][0]
    head = {
        "invoice_number": number,
        "vendor_id": vendor["id"],
        "invoice_date": "2026-11-01",
        "due_date": "2026-11-30",
        "currency": "EUR",
        "total": "119.00",
    }
    line = {"description": "Paper", "amount": "100.00", "tax": "19.00", "gl_account": "0400"}
    return {"external_id": f"x-{number}", "header": {**head, **header}, "lines": [line]}


def erp_bill(erp: Caller, number: str = "INV-1", **more: Any) -> dict[str, Any]:
    """A bill that the ERP takes: 119.00 EUR of its first vendor."""
    vendor = erp.get("/api/v1/vendors").body["data"][0]
    line = {
        "amount": Decimal("100.00"),
        "tax_amount": Decimal("19.00"),
        "gl_account": "0400",
        "department": "0120",
    }
    return {
        "reference": f"x-{number}",
        "vendor_id": vendor["id"],
        "number": number,
        "currency": "EUR",
        "issued_at": "2026-11-01T00:00:00+01:00",
        "due_at": "2026-11-30T00:00:00+01:00",
        "total": Decimal("119.00"),
        "lines": [line],
        **more,
    }
