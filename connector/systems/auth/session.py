"""A session: signed in once with a call of its own, sent with every call until it ends."""

import base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.cookies import CookieError, SimpleCookie
from typing import Any

from connector.systems.auth.base import Signed, auth_scope, rendered, texts
from connector.systems.auth.kept import Kept, Obtained
from connector.systems.classify import Answer, Trouble
from connector.systems.condition import all_hold
from connector.systems.context import Context
from connector.systems.errors import Kind, SystemFailure
from connector.systems.path import take_all
from connector.systems.render import Outgoing, render
from connector.systems.scope import Scope
from connector.systems.spec_auth import Derive, SessionAuth
from connector.systems.spec_request import Operation, Request
from connector.systems.template import render_text

Ask = Callable[[Outgoing, Operation], Answer | Trouble]


@dataclass(slots=True)
class Session:
    auth: SessionAuth
    context: Context
    credential: Mapping[str, Any] = field(repr=False)
    ask: Ask = field(repr=False)
    kept: Kept = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.kept = Kept(self._sign_in, idle_s=self.auth.idle_s)

    def values(self) -> Mapping[str, Any]:
        return self.kept.current().values

    def sign(self, outgoing: Outgoing) -> Signed:
        current = self.kept.current()
        scope = auth_scope(self.context, self.credential, {"auth": current.values})
        signed = rendered(self.auth.send, scope, current.generation)
        if self.auth.cookies:
            cookie = cookie_header(current.values, self.auth.cookies)
            signed = replace(signed, headers={**signed.headers, "Cookie": cookie})
        return signed

    def renew(self, generation: int) -> bool:
        self.kept.drop(generation)
        return self.auth.relogin

    def secrets(self) -> tuple[str, ...]:
        return (*texts(self.credential), *texts(self.kept.known()))

    def sign_out(self) -> None:
        """End the session there, if there is one and the system knows how."""
        if self.auth.logout is not None and self.kept.known():
            self._log_out(self.auth.logout)
        self.kept.close()

    def _log_out(self, logout: Request) -> None:
        with suppress(SystemFailure):
            scope = auth_scope(self.context, self.credential, {"auth": self.kept.known()})
            outgoing = render(logout, scope, common=self.context.system.headers)
            signed = self.sign(outgoing)
            self.ask(replace(outgoing, headers={**outgoing.headers, **signed.headers}), "login")

    def _sign_in(self, _: Mapping[str, Any] | None) -> Obtained:
        scope = auth_scope(self.context, self.credential)
        login = self.auth.login
        answer = self.ask(render(login.request, scope, common=self.context.system.headers), "login")
        if isinstance(answer, Trouble):
            raise answer.failure()
        if not all_hold(login.require, answer.body, answer.headers):
            raise SystemFailure(Kind.CONFIG, f"{self.context.title} did not accept the sign-in.")
        values = {
            **take_all(login.take, answer.body, answer.headers),
            **(cookies_of(answer, self.auth.cookies) if self.auth.cookies else {}),
        }
        return Obtained(derived(self.auth.derive, values, scope), self.auth.life_s)


def derived(
    derive: Mapping[str, Derive], values: Mapping[str, Any], scope: Scope
) -> dict[str, Any]:
    """`auth.*` with what is made of several others."""
    out = dict(values)
    for name, one in derive.items():
        inner = replace(scope, names={**scope.names, "auth": out})
        text = render_text(one.of, inner).encode()
        encode = base64.b64encode if one.as_ == "base64" else base64.urlsafe_b64encode
        out[name] = encode(text).decode()
    return out


def cookies_of(answer: Answer, wanted: tuple[str, ...]) -> dict[str, str]:
    """The named cookies of an answer; all of them where none is named."""
    out: dict[str, str] = {}
    for line in answer.cookies:
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(line)
        except CookieError:
            continue
        out |= {name: one.coded_value for name, one in jar.items() if name in wanted or not wanted}
    return out


def cookie_header(values: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The value of a Cookie header."""
    return "; ".join(f"{name}={values[name]}" for name in names if name in values)
