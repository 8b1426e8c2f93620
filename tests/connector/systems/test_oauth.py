"""connector.systems: signed assertions, token answers of every form, where a person is sent"""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.systems import token_answer
from connector.systems.auth.oauth2_person import with_state
from connector.systems.errors import Kind, SystemFailure
from tests.fakes.server import Answer, Asked, serve
from tests.fakes.systems import client, described

KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PARTS = [
    {"name": "client_id", "label": "Client id"},
    {"name": "key", "label": "Key", "kind": "pem_key"},
    {"name": "certificate", "label": "Certificate", "kind": "pem_certificate", "required": False},
]
ASSERTED: dict[str, Any] = {
    "type": "oauth2",
    "grant": "jwt_client_credentials",
    "token_url": "{{ settings.url }}/token",
    "scopes": ["a", "b"],
    "assertion": {
        "algorithm": "ES256",
        "key": "key",
        "key_id": "the-key",
        "claims": {"iss": "{{ credential.client_id }}", "aud": "{{ settings.url }}/token"},
        "life_s": 120,
    },
}


def token_calls(auth: dict[str, Any], **credential: str) -> tuple[dict[str, str], Asked, str]:
    """The form of the token call, the call, and the address of the server."""

    def handle(asked: Asked) -> Answer:
        return Answer({"access_token": "t", "items": []})

    system = described(auth=auth, credential=PARTS)
    given = {"client_id": "box", "key": PEM, **credential}
    with serve(handle) as fake, client(fake, system, credential=given) as acme:
        acme.read_page("items", position=None, mark="")
        return dict(parse_qsl(fake.asked[0].body.decode())), fake.asked[0], fake.url


def test_a_signed_token_stands_in_for_the_client_secret() -> None:
    form, asked, url = token_calls({**ASSERTED, "client_id": "{{ credential.client_id }}"})

    assertion = form.pop("client_assertion")
    assert form == {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "scope": "a b",
        "client_id": "box",
    }
    assert "authorization" not in asked.headers
    claims = jwt.decode(assertion, KEY.public_key(), algorithms=["ES256"], audience=f"{url}/token")
    assert claims["iss"] == "box"
    assert claims["exp"] - claims["iat"] == 120
    assert len(claims["jti"]) >= 20
    assert jwt.get_unverified_header(assertion)["kid"] == "the-key"


def test_a_signed_token_may_be_the_grant_itself_and_each_is_another() -> None:
    auth = {**ASSERTED, "grant": "jwt_bearer"}
    first, second = token_calls(auth)[0], token_calls(auth)[0]

    assert first["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert first["assertion"] != second["assertion"]
    assert "client_assertion" not in first


def test_a_key_that_does_not_fit_is_said_and_not_repeated() -> None:
    with pytest.raises(SystemFailure, match="can't sign with RS256") as caught:
        assertion = {**ASSERTED["assertion"], "algorithm": "RS256"}
        token_calls({**ASSERTED, "assertion": assertion})
    assert caught.value.kind is Kind.CONFIG
    assert PEM.splitlines()[1] not in caught.value.message


GRANTED: dict[str, Any] = {
    "type": "oauth2",
    "grant": "authorization_code",
    "authorize_url": "{{ settings.url }}/authorize?tenant=7",
    "token_url": "{{ settings.url }}/token",
    "client_id": "{{ credential.client_id }}",
    "client_auth": "none",
    "scopes": ["read", "write"],
    "scope_separator": ",",
    "authorize_query": {"prompt": "consent"},
}


@pytest.mark.parametrize("pkce", [True, False])
def test_where_a_person_is_sent_holds_all_that_the_standard_wants(pkce: bool) -> None:
    system = described(auth={**GRANTED, "pkce": pkce}, credential=PARTS)
    given = {"client_id": "the box&", "key": PEM}
    with serve(lambda _: Answer()) as fake, client(fake, system, credential=given) as acme:
        first, second = (acme.person().invitation("https://box/back") for _ in range(2))
        assert fake.asked == []

    query = dict(parse_qsl(urlsplit(with_state(first.url, "s t&")).query))
    assert query.pop("code_challenge", "none") != first.verifier
    assert query == {
        "tenant": "7",
        "prompt": "consent",
        "response_type": "code",
        "client_id": "the box&",
        "redirect_uri": "https://box/back",
        "scope": "read,write",
        "state": "s t&",
        **({"code_challenge_method": "S256"} if pkce else {}),
    }
    assert bool(first.verifier) is pkce
    assert not pkce or (first.verifier != second.verifier and len(first.verifier) == 64)
    assert first.verifier not in repr(first) or not pkce


def test_a_system_that_nobody_grants_access_to_says_so() -> None:
    with (
        serve(lambda _: Answer()) as fake,
        client(fake) as acme,
        pytest.raises(SystemFailure, match="not connected by granting access"),
    ):
        acme.person()


@pytest.mark.parametrize(
    ("said", "life_s"),
    [
        (3600, 3600),
        ("3600", 3600),
        (" 60 ", 60),
        ("3600.9", 3600),
        (None, None),
        (True, None),
        (0, None),
        (-5, None),
        ("soon", None),
        ("NaN", None),
        ("Infinity", None),
        ("1e99", token_answer.MOST_LIFE_S),
        ([], None),
    ],
)
def test_a_life_is_read_from_whatever_says_it(said: Any, life_s: int | None) -> None:
    body, fits = token_answer.read(json.dumps({"expires_in": said}).encode())
    assert fits
    assert body is not None
    assert token_answer.life_s(body) == life_s


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


@settings(max_examples=30)
@given(st.dictionaries(WORDS, WORDS, min_size=1, max_size=5))
def test_a_form_and_an_object_say_the_same(fields: dict[str, str]) -> None:
    assert token_answer.read(urlencode(fields).encode()) == (fields, True)
    assert token_answer.read(json.dumps(fields).encode()) == (fields, True)


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_not_and_never_raise(body: bytes) -> None:
    fields, fits = token_answer.read(body)
    assert fields is None or fits
    assert token_answer.code(fields) in ("", *token_answer.ENDED, *token_answer.PASSING)


@pytest.mark.parametrize("body", [b"<html>a=b</html>", b"<!doctype html>\n", b"[1", b"\xff\xfe"])
def test_a_page_is_no_answer(body: bytes) -> None:
    assert token_answer.read(body) == (None, False)
