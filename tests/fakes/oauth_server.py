"""A small OAuth 2.0 server: rotating refresh tokens whose re-use revokes the whole family.

In this process by `running()`, as one of its own by `python -m tests.fakes.oauth_server`, which
prints its address. `POST /admin` sets oddities, `GET /admin` tells what it counted.
"""

import base64
import hashlib
import itertools
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode

from tests.fakes.server import Answer, Asked, Fake, Raw, cut, serve

CLIENT_ID, CLIENT_SECRET = "the-box", "client-secret-p:w/ö&"
REALM = "9130350000000001"


@dataclass
class Oddities:
    """How it misbehaves. `times`: at so many token calls, then no more (None: at all)."""

    life: Any = 3600
    form: bool = False
    body: str | None = None
    status: int = 200
    retry_after: str = ""
    keep_refresh: bool = False
    hang_up: bool = False
    before_ms: float = 0
    after_ms: float = 0
    iss: str = ""
    times: int | None = None


@dataclass
class Counts:
    refreshed: int = 0
    reused: int = 0
    revoked: int = 0
    exchanged: int = 0
    refused: int = 0
    token_calls: int = 0


@dataclass
class _Code:
    redirect_uri: str
    challenge: str
    used: bool = False


@dataclass
class _Family:
    """All tokens that came of one consent. Only the newest refresh token is good."""

    name: int
    refresh: str = ""
    access: set[str] = field(default_factory=set)
    revoked: bool = False


class OAuthServer:
    """The state of the server, and what it answers. `mark` stands in all that it gives out."""

    def __init__(self, mark: str = "") -> None:
        self.mark = mark
        self.odd, self.counts = Oddities(), Counts()
        self._codes: dict[str, _Code] = {}
        self._families: dict[int, _Family] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Answer | Raw:
        match asked.path:
            case "/authorize":
                return self._page(asked)
            case "/allow":
                return self._allow(asked)
            case "/token":
                return self._token(asked)
            case "/admin" if asked.method == "POST":
                with self._lock:
                    self.odd = Oddities(**asked.json)
                return Answer({})
            case "/admin":
                return Answer(asdict(self.counts))
            case "/new":
                return Answer(self.new_family())
        return self._api(asked)

    def new_family(self, life: Any = 3600) -> dict[str, Any]:
        """Tokens of a consent that was given before."""
        with self._lock:
            family = _Family(next(self._numbers))
            self._families[family.name] = family
            return {**self._turn(family), "expires_in": life}

    def revoke(self) -> None:
        """Take back all that was granted."""
        with self._lock:
            for family in self._families.values():
                family.revoked = True

    def _page(self, asked: Asked) -> Answer:
        """The consent page. Its links carry on what came; nothing is checked by a session."""
        query = asked.query
        wanted = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "code_challenge_method": "S256",
        }
        wrong = [name for name, value in wanted.items() if query.get(name) != value]
        if wrong or len(query.get("state", "")) < 32 or len(query["code_challenge"]) != 43:
            return Answer(f"<p>wrong: {wrong}</p>".encode(), 400)
        link = f"/allow?{urlencode(query)}".replace("&", "&amp;")
        page = (
            '<!doctype html><title>Consent</title><h1>Let the box in?</h1><form action="/allow">'
            + "".join(
                f'<input type="hidden" name="{name}" value="{value}">'
                for name, value in query.items()
            )
            + f'<button id="allow">Allow</button></form><a href="{link}&amp;deny=1">Deny</a>'
        )
        return Answer(page.encode(), headers={"Content-Type": "text/html"})

    def _allow(self, asked: Asked) -> Answer:
        query = asked.query
        back = {"state": query["state"], **({"iss": self.odd.iss} if self.odd.iss else {})}
        if query.get("deny"):
            back |= {"error": "access_denied", "error_description": "<b>no</b>"}
        else:
            with self._lock:
                code = f"code-{next(self._numbers)}-{'c' * 20}{self.mark}"
                self._codes[code] = _Code(query["redirect_uri"], query["code_challenge"])
            back |= {"code": code, "realmId": REALM}
        where = f"{query['redirect_uri']}?{urlencode(back)}"
        return Answer(b"", 302, {"Location": where})

    def _token(self, asked: Asked) -> Answer | Raw:
        form = {name: one[-1] for name, one in parse_qs(asked.body.decode()).items()}
        with self._lock:
            self.counts.token_calls += 1
            odd = self.odd
            if odd.times is not None:
                odd.times -= 1
                if odd.times <= 0:
                    self.odd = Oddities()
        time.sleep(odd.before_ms / 1000)
        if odd.status != 200:
            headers = {"Retry-After": odd.retry_after} if odd.retry_after else {}
            return Answer((odd.body or "").encode(), odd.status, headers)
        with self._lock:
            answer = self._granted(form) if _is_client(asked, form) else _error("invalid_client")
            if answer.status != 200:
                self.counts.refused += 1
        time.sleep(odd.after_ms / 1000)
        if odd.hang_up:
            return cut
        return _oddly(answer, odd) if answer.status == 200 else answer

    def _granted(self, form: dict[str, str]) -> Answer:
        match form["grant_type"]:
            case "client_credentials":
                return Answer({"access_token": f"cc-{next(self._numbers)}"})
            case "authorization_code":
                return self._exchange(form)
            case "refresh_token":
                return self._refresh(form["refresh_token"])
        return _error("unsupported_grant_type")

    def _exchange(self, form: dict[str, str]) -> Answer:
        code = self._codes.get(form["code"])
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if code is None or code.used or code.redirect_uri != form["redirect_uri"]:
            return _error("invalid_grant")
        if code.challenge != proof:
            return _error("invalid_grant")
        code.used = True
        self.counts.exchanged += 1
        family = _Family(next(self._numbers))
        self._families[family.name] = family
        return Answer(self._turn(family))

    def _refresh(self, token: str) -> Answer:
        name = token.split("-")[1] if token.count("-") == 2 else "0"
        family = self._families.get(int(name))
        if family is None or family.revoked:
            return _error("invalid_grant")
        if token != family.refresh:
            family.revoked = True
            self.counts.reused += 1
            self.counts.revoked += 1
            return _error("invalid_grant")
        self.counts.refreshed += 1
        return Answer(self._turn(family))

    def _turn(self, family: _Family) -> dict[str, Any]:
        number = next(self._numbers)
        family.refresh = f"refresh-{family.name}-{number}{self.mark}"
        family.access.add(access := f"access-{family.name}-{number}{self.mark}")
        return {"access_token": access, "refresh_token": family.refresh, "token_type": "Bearer"}

    def _api(self, asked: Asked) -> Answer:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        alive = token.startswith("cc-") or any(
            token in family.access and not family.revoked for family in self._families.values()
        )
        return Answer({"items": [], "name": "Acme"}) if alive else Answer({}, 401)


def _is_client(asked: Asked, form: dict[str, str]) -> bool:
    scheme, _, value = asked.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        name, _, secret = base64.b64decode(value).decode().partition(":")
        return (unquote_plus(name), unquote_plus(secret)) == (CLIENT_ID, CLIENT_SECRET)
    return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)


def _error(code: str) -> Answer:
    return Answer({"error": code, "error_description": "what was sent: refresh-secret"}, 400)


def _oddly(answer: Answer, odd: Oddities) -> Answer:
    fields = dict(answer.body)
    if odd.life is not None:
        fields["expires_in"] = odd.life
    if odd.keep_refresh:
        fields.pop("refresh_token", None)
    if odd.body is not None:
        return Answer(odd.body.encode())
    return Answer(urlencode(fields).encode()) if odd.form else Answer(fields)


@contextmanager
def running(mark: str = "") -> Iterator[tuple[OAuthServer, Fake]]:
    """The server in this process."""
    server = OAuthServer(mark)
    with serve(server) as fake:
        yield server, fake


def main() -> None:
    with serve(OAuthServer()) as fake:
        sys.stdout.write(json.dumps({"url": fake.url}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()  # until who started it lets go


if __name__ == "__main__":
    main()
