"""connector.systems.auth: every way of signing in, against a server that checks it."""

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

import pytest

from connector.crypto.secret import Secret
from connector.systems.auth.oauth1 import base_string
from connector.systems.auth.oauth2 import Tokens, client_basic
from connector.systems.client import Client
from connector.systems.errors import Kind, SystemFailure
from connector.systems.hosts import Target
from connector.systems.outcomes import Delivered, NotSent
from connector.systems.render import Outgoing
from connector.systems.spec import System
from tests.fakes.server import Answer, Asked, cut, serve
from tests.fakes.systems import client, described
from tests.fakes.writing import VALUES, write

OK = Answer({"items": [], "id": 1})
PARTS = [{"name": "user", "label": "User"}, {"name": "password", "label": "Password"}]
CREDENTIAL = {"user": "omar", "password": "p:w/ö&"}


def calls(
    system: System, handle: Callable[[Asked], Any], times: int = 1, **more: Any
) -> list[Asked]:
    with serve(handle) as fake, client(fake, system, **{"credential": CREDENTIAL, **more}) as acme:
        for _ in range(times):
            acme.read_page("items", position=None, mark="")
        return fake.asked


def test_basic() -> None:
    names = {"username": "{{ credential.user }}", "password": "{{ credential.password }}"}
    auth = {"type": "basic", **names}
    asked = calls(described(auth=auth, credential=PARTS), lambda _: OK)
    expected = base64.b64encode("omar:p:w/ö&".encode()).decode()
    assert asked[0].headers["authorization"] == f"Basic {expected}"


def test_a_static_key_may_go_into_headers_query_and_body() -> None:
    send = {
        "headers": {"X-Key": "{{ credential.user }}"},
        "query": {"key": "{{ credential.password }}"},
        "body": {"auth": {"user": "{{ credential.user }}"}},
    }
    request = {
        "path": "items",
        "query": {"a": 1},
        "method": "POST",
        "reads": True,
        "body": {"b": 1},
    }
    streams = {"items": {"title": "I", "request": request, "records": "items", "key": "id"}}
    system = described(auth={"type": "static", "send": send}, credential=PARTS, streams=streams)

    asked = calls(system, lambda _: OK)[0]

    assert asked.headers["x-key"] == "omar"
    assert asked.target == "/v1/items?a=1&key=p%3Aw%2F%C3%B6%26"
    assert asked.json == {"b": 1, "auth": {"user": "omar"}}


def test_a_missing_part_of_the_credential_is_said_before_any_call() -> None:
    auth = {"type": "static", "send": {"headers": {"X-Key": "{{ credential.user }}"}}}
    with pytest.raises(SystemFailure, match="Password") as caught:
        calls(described(auth=auth, credential=PARTS), lambda _: OK, credential={"user": "x"})
    assert caught.value.kind is Kind.CONFIG


def test_a_file_as_credential_gives_its_keys() -> None:
    auth = {"type": "static", "send": {"headers": {"X-Key": "{{ credential.file.id }}"}}}
    part = [{"name": "file", "label": "File", "kind": "json_file", "keys": ["id"]}]
    system = described(auth=auth, credential=part)

    asked = calls(system, lambda _: OK, credential={"file": '{"id": "i7"}'})
    assert asked[0].headers["x-key"] == "i7"
    with pytest.raises(SystemFailure, match="not a JSON file"):
        calls(system, lambda _: OK, credential={"file": "nonsense"})


SESSION = {
    "type": "session",
    "login": {
        "request": {
            "method": "POST",
            "path": "login",
            "body": {"u": "{{ credential.user }}", "p": "{{ credential.password }}"},
        },
        "take": {"id": ["s", "id"], "user": "user"},
        "require": [{"at": ["s", "id"], "exists": True}],
    },
    "idle_s": 100,
    "send": {"headers": {"X-Session": "{{ auth.pair }}"}},
    "derive": {"pair": {"of": "{{ credential.user }}:{{ auth.id }}", "as": "base64"}},
}


class Sessions:
    """Gives a new session with each sign-in; only the newest is good."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/v1/login":
            self.made += 1
            return Answer({"s": {"id": f"n{self.made}"}})
        good = base64.b64encode(f"omar:n{self.made}".encode()).decode()
        return OK if asked.headers.get("x-session") == good else Answer({}, 401)


def test_a_session_is_made_once_and_sent_with_every_call() -> None:
    asked = calls(described(auth=SESSION, credential=PARTS), Sessions(), times=3)

    assert [one.path for one in asked].count("/v1/login") == 1
    assert asked[0].json == {"u": "omar", "p": "p:w/ö&"}
    assert "x-session" not in asked[0].headers


def test_a_refused_session_is_made_anew_once_and_the_call_is_repeated() -> None:
    sessions = Sessions()
    system = write(auth=SESSION, credential=PARTS)
    with serve(sessions) as fake, client(fake, system, credential=CREDENTIAL) as acme:
        acme.read_page("items", position=None, mark="")
        sessions.made = 7
        outcome = acme.send(acme.prepare_create("bill", VALUES, key="k", external_id="e"))

        assert outcome == Delivered("1", {})
        assert [one.path for one in fake.asked[2:]] == ["/v1/bills", "/v1/login", "/v1/bills"]
        assert fake.asked[2].body == fake.asked[4].body


@pytest.mark.parametrize("relogin", [True, False])
def test_a_session_refused_again_is_a_matter_for_a_person(relogin: bool) -> None:
    def handle(asked: Asked) -> Answer:
        return Answer({"s": {"id": "x"}}) if asked.path == "/v1/login" else Answer({}, 401)

    system = described(auth={**SESSION, "relogin": relogin}, credential=PARTS)
    with serve(handle) as fake, client(fake, system, credential=CREDENTIAL) as acme:
        with pytest.raises(SystemFailure) as caught:
            acme.read_page("items", position=None, mark="")
        assert caught.value.kind is Kind.CONFIG
        assert len(fake.asked) == (4 if relogin else 2)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer({}, 401), Kind.CONFIG),
        (Answer({}, 403), Kind.CONFIG),
        (Answer({"s": {}}), Kind.CONFIG),
        (Answer({}, 500), Kind.TRANSIENT),
        (cut, Kind.TRANSIENT),
        (Answer({}, 429, {"Retry-After": "99"}), Kind.RATE_LIMITED),
    ],
)
def test_a_write_whose_sign_in_failed_was_not_sent(answer: Any, kind: Kind) -> None:
    system = write(auth=SESSION, credential=PARTS)
    with (
        serve(lambda _: answer) as fake,
        client(fake, system, credential=CREDENTIAL) as acme,
    ):
        outcome = acme.send(acme.prepare_create("bill", VALUES, key="k", external_id="e"))
        assert isinstance(outcome, NotSent)
        assert outcome.failure.kind is kind
        assert "/v1/bills" not in [one.path for one in fake.asked]


def test_an_idle_session_is_made_anew_before_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions()
    system = described(auth=SESSION, credential=PARTS)
    with serve(sessions) as fake, client(fake, system, credential=CREDENTIAL) as acme:
        acme.read_page("items", position=None, mark="")
        real = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: real() + 101)
        acme.read_page("items", position=None, mark="")
    assert sessions.made == 2


def test_many_threads_sign_in_once() -> None:
    sessions = Sessions()
    system = described(auth=SESSION, credential=PARTS)
    with serve(sessions) as fake, client(fake, system, credential=CREDENTIAL) as acme:
        first = {"position": None, "mark": ""}
        threads = [
            threading.Thread(target=acme.read_page, args=["items"], kwargs=first) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(fake.asked) == 9
    assert sessions.made == 1


def test_a_session_may_live_in_a_cookie() -> None:
    login = {"request": SESSION["login"]["request"]}  # type: ignore[index]
    auth = {"type": "session", "login": login, "idle_s": 100, "cookies": ["sid"]}
    auth["send"] = {"headers": {"X-Requested": "y"}}

    def handle(asked: Asked) -> Answer:
        if asked.path == "/v1/login":
            return Answer({}, cookies=("sid=abc; Path=/; HttpOnly", "other=1"))
        return OK

    asked = calls(described(auth=auth, credential=PARTS), handle)
    assert asked[1].headers["cookie"] == "sid=abc"


OAUTH: dict[str, Any] = {
    "type": "oauth2",
    "grant": "client_credentials",
    "token_url": "{{ settings.url }}/token",
    "client_id": "{{ credential.user }}",
    "client_secret": "{{ credential.password }}",
    "scopes": ["a", "b"],
}


def token_server(**answer: Any) -> Callable[[Asked], Answer]:
    made = iter(range(1, 100))

    def handle(asked: Asked) -> Answer:
        if asked.path == "/token":
            return Answer({"access_token": f"t{next(made)}", "expires_in": 3600, **answer})
        return OK

    return handle


def test_client_credentials_go_into_the_header_encoded_as_the_standard_says() -> None:
    asked = calls(described(auth=OAUTH, credential=PARTS), token_server(), times=2)

    assert [one.path for one in asked] == ["/token", "/v1/items", "/v1/items"]
    expected = base64.b64encode(b"omar:p%3Aw%2F%C3%B6%26").decode()
    assert (
        asked[0].headers["authorization"] == f"Basic {expected}" == client_basic("omar", "p:w/ö&")
    )
    assert asked[0].body == b"grant_type=client_credentials&scope=a%20b"
    assert asked[1].headers["authorization"] == "Bearer t1"


def test_client_credentials_may_go_into_the_body_and_the_token_elsewhere() -> None:
    auth = {
        **OAUTH,
        "client_auth": "body",
        "token_body": {"resource": "r/1"},
        "send": {"headers": {"X-Token": "{{ auth.access_token }}"}},
    }
    asked = calls(described(auth=auth, credential=PARTS), token_server())

    assert "authorization" not in asked[0].headers
    assert b"client_secret=p%3Aw%2F%C3%B6%26&resource=r%2F1" in asked[0].body
    assert asked[1].headers["x-token"] == "t1"
    assert "authorization" not in asked[1].headers


def test_the_password_grant_sends_user_and_password() -> None:
    auth = {
        **OAUTH,
        "grant": "password",
        "username": "{{ credential.user }}",
        "password": "{{ credential.password }}",
    }
    asked = calls(described(auth=auth, credential=PARTS), token_server())
    assert b"grant_type=password&username=omar&password=p%3Aw%2F%C3%B6%26" in asked[0].body


def test_a_token_is_renewed_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    system = described(auth={**OAUTH, "early_s": 300}, credential=PARTS)
    with (
        serve(token_server(expires_in=600)) as fake,
        client(fake, system, credential=CREDENTIAL) as acme,
    ):
        real = time.monotonic
        for later in (0, 390, 410):
            monkeypatch.setattr(time, "monotonic", lambda later=later: real() + later)
            acme.read_page("items", position=None, mark="")
        assert [one.headers.get("authorization") for one in fake.asked if one.path != "/token"] == [
            "Bearer t1",
            "Bearer t1",
            "Bearer t2",
        ]


def test_a_refused_token_is_fetched_anew_once() -> None:
    made = iter(range(1, 100))

    def handle(asked: Asked) -> Answer:
        if asked.path == "/token":
            return Answer({"access_token": f"t{next(made)}"})
        return OK if asked.headers["authorization"] == "Bearer t2" else Answer({}, 401)

    asked = calls(described(auth=OAUTH, credential=PARTS), handle)
    assert [one.path for one in asked] == ["/token", "/v1/items", "/token", "/v1/items"]


def test_an_address_may_come_with_the_token_but_only_within_the_hosts() -> None:
    system = described(
        auth={**OAUTH, "take": {"instance": "instance_url"}},
        credential=PARTS,
        urls={"main": "{{ auth.instance }}/v9/", "login": "{{ settings.url }}/"},
        hosts=["{{ settings.url | host }}", "{{ settings.instance | host }}", "*.my.example.com"],
        settings=[
            {"name": name, "label": name, "type": "url", "pattern": "^https?://.{1,80}$"}
            for name in ("url", "instance")
        ],
    )
    with serve(token_server()) as place:
        known: dict[str, Any] = {
            "settings": {"instance": place.url},
            "hosts": [f"127.0.0.1:{place.port}"],
        }
        asked = calls(system, token_server(instance_url=place.url), **known)
        assert [one.path for one in asked] == ["/token"]
        assert place.asked[0].path == "/v9/items"
    with pytest.raises(SystemFailure, match="not one of its hosts"):
        calls(system, token_server(instance_url="https://evil.example.com"), **known)


@pytest.mark.parametrize("body", [{}, {"access_token": ""}, {"access_token": 1}, []])
def test_an_answer_without_a_token_is_no_sign_in(body: Any) -> None:
    with pytest.raises(SystemFailure, match="gave no access token"):
        calls(described(auth=OAUTH, credential=PARTS), lambda _: Answer(body))


class Store:
    """Keeps granted tokens as a vault would; counts what was refreshed."""

    def __init__(self) -> None:
        self.refresh_token = Secret("r1")
        self.tokens: Tokens | None = None
        self.refused: list[str] = []

    def fresh(
        self,
        refused: Secret | None,
        refresh: Callable[[Secret], Tokens],
        first: Secret | None = None,
    ) -> Tokens:
        if refused is not None:
            self.refused.append(refused.reveal())
            self.tokens = None
        if self.tokens is None:
            self.tokens = refresh(self.refresh_token)
            if self.tokens.refresh_token is not None:
                self.refresh_token = self.tokens.refresh_token
        return self.tokens


def test_granted_tokens_are_kept_by_the_store_and_a_refused_one_is_named() -> None:
    auth = {
        **OAUTH,
        "grant": "authorization_code",
        "authorize_url": "{{ settings.url }}/authorize",
        "rotates": True,
    }
    made = iter(range(1, 100))

    def handle(asked: Asked) -> Answer:
        if asked.path == "/token":
            number = next(made)
            return Answer({"access_token": f"t{number}", "refresh_token": f"r{number + 1}"})
        return OK if asked.headers["authorization"] == "Bearer t2" else Answer({}, 401)

    store = Store()
    asked = calls(described(auth=auth, credential=PARTS), handle, tokens=store)

    assert store.refused == ["t1"]
    assert store.refresh_token.reveal() == "r3"
    assert b"refresh_token=r1" in asked[0].body
    assert b"refresh_token=r2" in asked[2].body
    with pytest.raises(SystemFailure, match="Nobody has granted"):
        calls(described(auth=auth, credential=PARTS), handle)


def test_a_call_is_signed_with_a_shared_key() -> None:
    auth = {
        "type": "hmac",
        "key": "{{ credential.password }}",
        "key_encoding": "base64",
        "message": "{{ call.method }}\n{{ call.path }}\n{{ call.query }}\n{{ call.body_sha256 }}",
        "algorithm": "sha256",
        "encoding": "hex",
        "send": {"headers": {"X-Signature": "{{ auth.signature }}"}},
    }
    key = b"0123456789abcdef"
    credential = {"user": "x", "password": base64.b64encode(key).decode()}
    system = write(auth=auth, credential=PARTS)
    with serve(lambda _: OK) as fake, client(fake, system, credential=credential) as acme:
        acme.send(acme.prepare_create("bill", VALUES, key="k", external_id="e"))
        asked = fake.asked[0]

    digest = hashlib.sha256(asked.body).hexdigest()
    signed = hmac.new(key, f"POST\n/v1/bills\n\n{digest}".encode(), "sha256").hexdigest()
    assert asked.headers["x-signature"] == signed
    with pytest.raises(SystemFailure, match="not base64"):
        calls(described(auth=auth, credential=PARTS), lambda _: OK)


CSRF = {
    "request": {"path": "token", "headers": {"X-CSRF-Token": "Fetch"}},
    "header": "X-CSRF-Token",
}


def test_a_csrf_token_is_fetched_before_the_first_write_and_kept() -> None:
    def handle(asked: Asked) -> Answer:
        if asked.path == "/v1/token":
            return Answer({}, headers={"x-csrf-token": "c1"}, cookies=("jar=1; Path=/",))
        return OK

    auth = {"type": "static", "send": {"headers": {"X-Key": "{{ credential.user }}"}}}
    system = write(auth=auth, credential=PARTS, csrf=CSRF)
    with serve(handle) as fake, client(fake, system, credential=CREDENTIAL) as acme:
        acme.read_page("items", position=None, mark="")
        for _ in range(2):
            acme.send(acme.prepare_create("bill", VALUES, key="k", external_id="e"))
        asked = fake.asked

    assert [one.path for one in asked] == ["/v1/items", "/v1/token", "/v1/bills", "/v1/bills"]
    assert "x-csrf-token" not in asked[0].headers
    assert (asked[1].headers["x-csrf-token"], asked[1].headers["x-key"]) == ("Fetch", "omar")
    assert asked[3].headers["x-csrf-token"] == "c1"
    assert asked[3].headers["cookie"] == "jar=1"


def test_without_a_csrf_token_nothing_is_written() -> None:
    system = write(auth={"type": "none"}, csrf=CSRF)
    with serve(lambda _: OK) as fake, client(fake, system) as acme:
        outcome = acme.send(acme.prepare_create("bill", VALUES, key="k", external_id="e"))
        assert isinstance(outcome, NotSent)
        assert [one.path for one in fake.asked] == ["/v1/token"]


def test_a_session_is_ended_where_the_system_knows_how() -> None:
    auth = {**SESSION, "logout": {"method": "POST", "path": "logout", "body": {}}}
    for times in (0, 1):
        asked = calls(described(auth=auth, credential=PARTS), Sessions(), times=times)
        assert [one.path for one in asked].count("/v1/logout") == times
    assert asked[-1].headers["x-session"] == asked[-2].headers["x-session"]


def test_a_failed_sign_out_is_no_matter() -> None:
    def handle(asked: Asked) -> Any:
        return cut if asked.path == "/v1/logout" else Sessions.__call__(sessions, asked)

    sessions = Sessions()
    auth = {**SESSION, "logout": {"method": "POST", "path": "logout", "body": {}}}
    assert len(calls(described(auth=auth, credential=PARTS), handle)) == 3


def test_a_call_is_signed_by_oauth1() -> None:
    auth = {
        "type": "oauth1",
        "consumer_key": "ck",
        "consumer_secret": "{{ credential.user }}",
        "token": "tk",
        "token_secret": "{{ credential.password }}",
        "realm": "7_SB1",
    }
    request = {"path": "items", "query": {"b": "2 3", "a": "ä"}}
    streams = {"items": {"title": "I", "request": request, "records": "items", "key": "id"}}
    with (
        serve(lambda _: OK) as fake,
        client(
            fake,
            described(auth=auth, credential=PARTS, streams=streams),
            credential={"user": "c&s", "password": "ts"},
        ) as acme,
    ):
        acme.read_page("items", position=None, mark="")
        sent = fake.asked[0].headers["authorization"]

    assert sent.startswith('OAuth realm="7_SB1", oauth_consumer_key="ck"')
    given = dict(part.split("=", 1) for part in sent.removeprefix("OAuth ").split(", "))
    values = {name: unquote(text.strip('"')) for name, text in given.items()}
    signature = values.pop("oauth_signature")
    del values["realm"]
    everything = sorted((quote(n, safe="~"), quote(v, safe="~")) for n, v in
                        [*values.items(), ("b", "2 3"), ("a", "ä")])  # fmt: skip
    parameters = "&".join(f"{name}={value}" for name, value in everything)
    address = quote(f"{fake.url}/v1/items", safe="~")
    base = f"GET&{address}&{quote(parameters, safe='~')}"
    expected = hmac.new(b"c%26s&ts", base.encode(), "sha256").digest()
    assert base64.b64decode(signature) == expected


def test_the_parameters_are_sorted_as_in_the_standard() -> None:
    """The example of RFC 5849 section 3.4.1.1."""
    outgoing = Outgoing(
        "POST", "", "", {"Content-Type": "application/x-www-form-urlencoded"}, b"c2&a3=2+q"
    )
    target = Target("http", "example.com", 80, "/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b")
    oauth = {
        "oauth_consumer_key": "9djdj82h48djs9d2",
        "oauth_token": "kkk9d7dh3k39sjv7",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "137131201",
        "oauth_nonce": "7d8f3e4a",
    }
    assert base_string(outgoing, target, oauth) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D"
        "%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3"
        "e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkk"
        "k9d7dh3k39sjv7"
    )


def test_a_credential_that_is_bound_to_no_host_goes_nowhere() -> None:
    auth = {"type": "static", "send": {"headers": {"X-Key": "{{ credential.user }}"}}}
    system = described(auth=auth, credential=PARTS)
    with serve(lambda _: OK) as fake:
        acme = Client(
            system,
            settings={"url": fake.url},
            credential={name: Secret(text) for name, text in CREDENTIAL.items()},
            hosts=[],
            zone=None,
            bucket="b",
        )
        with acme, pytest.raises(SystemFailure, match="the credential was not entered for"):
            acme.check()
    assert fake.asked == []


def test_a_missing_client_certificate_is_said_before_any_call() -> None:
    parts = [
        {"name": "cert", "label": "Certificate", "kind": "pem_certificate", "required": False},
        {"name": "key", "label": "Key", "kind": "pem_key", "required": False},
    ]
    auth = {"type": "none", "certificate": {"cert": "cert", "key": "key"}}
    with pytest.raises(SystemFailure, match="client certificate"):
        calls(described(auth=auth, credential=parts), lambda _: OK, credential={})
