"""What both practice systems are made of: routes, sign-in, faults, one call at most per key."""

import base64
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from connector.crypto import mac
from connector.sandbox import events, jsontext
from connector.sandbox.errors import Refusal
from connector.sandbox.faults import Faults
from connector.sandbox.sessions import Sessions
from connector.sandbox.store import Row, Store
from connector.sandbox.webserver import Request, Response

Handler = Callable[["Site", Request, str], Response]
"""Answers a request; the text is the id in the path, empty if the path has none."""


@dataclass(frozen=True, slots=True)
class Route:
    """A handler and what counts before it."""

    handler: Handler
    signed_in: bool = True


@dataclass(slots=True, kw_only=True)
class Site:
    """One running practice system. `routes`: (method, path), `*` for an id at the end."""

    name: str
    store: Store
    sessions: Sessions
    faults: Faults
    sender: events.Sender
    keys: Mapping[str, str]
    routes: Mapping[tuple[str, str], Route]
    token_of: Callable[[Request], str]
    idempotent: bool = True
    window_s: float = 86_400
    calls: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def answer(self, request: Request) -> Response:
        """The app of the web server."""
        try:
            route, path, record_id = self._route(request)
            if path.startswith("/admin/"):
                self._check_admin(request)
                return route.handler(self, request, record_id)
            with self._lock:
                self.calls[f"{request.method} {path}"] += 1
            if not route.signed_in:
                return route.handler(self, request, record_id)
            self.faults.before()
            self._check_sign_in(request)
            response = route.handler(self, request, record_id)
            wrote = request.method in ("POST", "PATCH") and response.status < 300
            return self.faults.after(response, wrote=wrote)
        except Refusal as refusal:
            return refusal.response()

    def change(self, rows: list[Row], noun: str, verb: str) -> None:
        """Store records and note an event for each. Inside `store.change`."""
        self.store.put(rows)
        for row in rows if self.sender.aimed else ():
            events.note(self.store, noun, verb, row.id, row.modified_at)

    def once(
        self, key: str, request: Request, write: Callable[[], tuple[str, Response]]
    ) -> tuple[str, Response, bool]:
        """Do `write` (which gives id and answer) unless the key was used: then its first result.

        The third value says whether it was done now. The key is unique in the
        database and is stored in the transaction of the write.

        Raises:
            Refusal: 409 `key_reused`, the key was used for another content.
        """
        with self.store.change():
            now = time.time()
            known = self.store.call(key, now - self.window_s) if key and self.idempotent else None
            if known:
                body, record_id, status, answer = known
                if body != request.body:
                    text = "This key was used before with another content."
                    raise Refusal(409, "key_reused", text)
                return record_id, Response(status, answer), False
            record_id, response = write()
            if key and self.idempotent:
                self.store.keep_call(
                    key, now, request.body, record_id, response.status, response.body
                )
        self.sender.wake()
        return record_id, response, True

    def _route(self, request: Request) -> tuple[Route, str, str]:
        path = request.path
        route = self.routes.get((request.method, path))
        if route:
            return route, path, ""
        parent, _, record_id = path.rpartition("/")
        path = parent + "/*"
        route = self.routes.get((request.method, path)) if record_id else None
        if not route:
            raise Refusal(404, "no_such_address", f"There is no {request.method} {request.path}.")
        return route, path, record_id

    def _check_sign_in(self, request: Request) -> None:
        token = self.token_of(request)
        if self.faults.strikes("session_expiry"):
            self.sessions.close(token)
        if not self.sessions.holds(token):
            raise Refusal(401, "not_signed_in", "Sign in first; a sign-in does not last for ever.")

    def _check_admin(self, request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not mac.equal(given.encode(), self.keys["admin_token"].encode()):
            raise Refusal(401, "not_admin", "The token of the administration is needed.")


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises Refusal."""
    try:
        value = jsontext.decode(request.body)
    except ValueError:
        raise Refusal(400, "invalid_json", "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise Refusal(400, "invalid_json", "The body must be a JSON object.")
    return value


def basic_of(request: Request) -> tuple[str, str]:
    """User and password of an `Authorization: Basic` header, empty if there is none (RFC 7617)."""
    kind, _, coded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password
