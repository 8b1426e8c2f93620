"""People of the tests, and signing in as they do."""

import json
import re
import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.http import HttpResponse
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
)

from appliance.accounts.models import User
from connector.crypto.mac import sha256

PASSWORD = "correct horse battery staple"


def somebody(name: str = "omar", role: str = "operator") -> User:
    return User.objects.create_user(
        username=name, email=f"{name}@halden.example", password=PASSWORD, role=role
    )


def attempt(
    name: str, password: str = PASSWORD, *, client: Client | None = None, **extra: Any
) -> HttpResponse:
    answer: HttpResponse = (client or Client()).post(  # type: ignore[assignment]
        "/sign-in/", {"login": name, "password": password, "next": extra.pop("next", "")}, **extra
    )
    return answer


def signed_in(name: str, password: str = PASSWORD) -> Client:
    client = Client()
    assert attempt(name, password, client=client).status_code == 302
    return client


def code_of(secret: str, later: int = 0) -> str:
    """What an app shows for a key now, or so many steps of 30 seconds later."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later)))


def with_app(client: Client) -> str:
    """Set up an app as somebody signed in, and answer its key."""
    page = client.get("/account/app/").content.decode()
    found = re.search(r'readonly value="([A-Z2-7]{32})"', page)
    assert found, page
    answer = client.post("/account/app/", {"code": code_of(found[1])})
    assert answer.status_code == 302, answer.content.decode()
    return found[1]


def with_passkey(user: User) -> None:
    """A passkey as a browser would have made it; nobody has its key."""
    key = ES256({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32})
    made = AttestedCredentialData.create(Aaguid.NONE, b"a passkey of 16 b", key)
    data = AuthenticatorData.create(sha256(b"testserver"), AuthenticatorData.FLAG(0x41), 0, made)
    said = {"type": "webauthn.create", "challenge": "", "origin": "http://testserver"}
    credential = {
        "id": websafe_encode(made.credential_id),
        "rawId": websafe_encode(made.credential_id),
        "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(json.dumps(said).encode()),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        },
    }
    WebAuthn.add(user, "Passkey 1", credential)


def codes_of(client: Client) -> list[str]:
    """The recovery codes, which are shown once."""
    return re.findall(r"^(?:<pre class=\"codes\">)?(\d{12})$", _codes_page(client), re.MULTILINE)


def _codes_page(client: Client) -> str:
    page: str = client.get("/account/codes/").content.decode()
    return page.replace('<pre class="codes">', "\n")


def kinds_of(user: User) -> set[str]:
    return set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
