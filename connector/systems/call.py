"""One call: limits, sign in, send, classify. The only caller of the transport."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urljoin

from connector.crypto import live, mac
from connector.crypto.secret import MASK, Secret
from connector.systems import auth, retry
from connector.systems.auth.base import Auth, Signed
from connector.systems.auth.csrf import CsrfToken
from connector.systems.auth.oauth2 import TokenStore
from connector.systems.budget import Budget
from connector.systems.classify import Answer, Trouble, judge, read_answer
from connector.systems.context import Context
from connector.systems.errors import Kind, SystemFailure
from connector.systems.hosts import Target
from connector.systems.limits import Limiter
from connector.systems.render import Outgoing, json_body, merged, query_text, render
from connector.systems.scope import Scope
from connector.systems.spec_objects import Merge
from connector.systems.spec_request import Operation, Request
from connector.systems.template import render_text
from connector.systems.transport import NoAnswer, NothingSent, Transport
from connector.systems.wire import jsontext

_NOTHING = Merge()
_TRIES_OF_A_READ = 3
_SHORT_PAUSE_S = 10.0
_SHORTEST_SECRET = 4
MOST_MESSAGE = 500


@dataclass(slots=True)
class Caller:
    """Makes the calls of one client. `read_only`: nothing that could change something leaves."""

    context: Context
    transport: Transport
    limiter: Limiter
    credential: Mapping[str, Any] = field(repr=False)
    store: TokenStore | None = None
    read_only: bool = False
    auth: Auth = field(init=False, repr=False)
    csrf: CsrfToken | None = field(init=False, repr=False)
    budget: Budget = field(init=False, repr=False)
    _at_once: threading.Semaphore = field(init=False, repr=False)
    _bases: dict[str, Target] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        system = self.context.system
        self.auth = auth.make(
            self.context,
            self.credential,
            hosts=self.transport.hosts,
            ask=self._unsigned,
            store=self.store,
        )
        self.csrf = CsrfToken(system.csrf, self.context, self._for_csrf) if system.csrf else None
        self.budget = Budget(system.limits)
        self._at_once = threading.BoundedSemaphore(system.limits.concurrent)

    def call(
        self, outgoing: Outgoing, operation: Operation, *, about: str = ""
    ) -> Answer | Trouble:
        """Make a call until there is an answer to go by.

        A call that only reads is tried again after a passing failure; any call after a refused
        session (once) or a short pause that the system asked for (once): then it did not happen.

        Args:
            about: name of the stream or object, for limits that count by it.
        """
        if self.read_only and not outgoing.reads:
            words = "This would change something, and only reading is allowed here."
            return Trouble("config", words)
        signed_in_again = paused = False
        tries = 0
        while True:
            tries += 1
            result, signed = self._once(outgoing, operation, about)
            if isinstance(result, Answer):
                return result
            if result.done == "maybe" and not outgoing.reads:
                return result
            if result.kind == "session_expired":
                if signed is None or signed_in_again or not self.auth.renew(signed.generation):
                    return replace(result, kind="config")
                signed_in_again = True
                if self.csrf:
                    self.csrf.drop()
            elif result.kind == "rate_limited":
                if signed is None:
                    # Our own limit said so: the system was not asked.
                    return result
                self._pause(result)
                if paused or (result.wait_s or 0) > _SHORT_PAUSE_S:
                    return result
                paused = True
            elif not self._worth_another(outgoing, result, tries):
                return result

    def ask(
        self,
        request: Request,
        scope: Scope,
        operation: Operation,
        *,
        about: str = "",
        extra: Merge = _NOTHING,
        url: str = "",
    ) -> Answer | Trouble:
        """Fill a request in and call.

        Args:
            url: the whole address that an earlier answer gave; it goes over the request's.

        Raises:
            SystemFailure: the request can't be filled in, or the address may not be called.
        """
        outgoing = render(request, scope, common=self.context.system.headers, extra=extra)
        if url:
            outgoing = replace(outgoing, url=self.elsewhere(outgoing, url))
        return self.call(outgoing, operation, about=about)

    def elsewhere(self, outgoing: Outgoing, url: str) -> Target:
        """The checked place of an address that an answer gave, which may be relative."""
        here = self.place(outgoing)
        try:
            whole = urljoin(f"{here.scheme}://{here.authority}{here.path}", url)
        except ValueError:
            whole = ""
        return self.transport.hosts.target(whole)

    def _worth_another(self, outgoing: Outgoing, result: Trouble, tries: int) -> bool:
        if result.kind != "transient" or not outgoing.reads or tries >= _TRIES_OF_A_READ:
            return False
        time.sleep(retry.wait_before_retry(tries, jitter=mac.random_fraction()))
        return True

    def _pause(self, result: Trouble) -> None:
        self.limiter.block(1.0 if result.wait_s is None else result.wait_s)

    def _once(
        self, outgoing: Outgoing, operation: Operation, about: str
    ) -> tuple[Answer | Trouble, Signed | None]:
        """One try. A failure to sign in, or to be allowed to call, is one that sent nothing."""
        try:
            target = outgoing.url or self.place(outgoing)
            outgoing = replace(outgoing, url=target)
            signed = self.auth.sign(outgoing)
            private = signed.headers
            if self.csrf and outgoing.method != "GET":
                private = _with_cookies(private, self.csrf.headers())
            self.limiter.wait(operation, about, reads=outgoing.reads)
            self.budget.wait(about)
            if signed.body is not None:
                outgoing = _with_body(outgoing, signed.body)
        except SystemFailure as failure:
            return _nothing_done(failure), None
        if signed.query:
            glue = "&" if "?" in target.path else "?"
            target = target.with_path(target.path + glue + query_text(list(signed.query))[1:])
        return self._exchange(outgoing, target, private, operation, about), signed

    def _exchange(
        self,
        outgoing: Outgoing,
        target: Target,
        private: Mapping[str, str],
        operation: Operation,
        about: str,
    ) -> Answer | Trouble:
        try:
            with self._at_once:
                reply = self.transport.send(
                    outgoing.method,
                    target,
                    headers=outgoing.headers,
                    private=private,
                    body=outgoing.body,
                    follow=outgoing.reads,
                )
        except NothingSent as error:
            return Trouble(error.kind.value, str(error))
        except ValueError as error:
            return Trouble("config", f"The call can't be made: {error}.")
        except NoAnswer as error:
            return Trouble(error.kind.value, f"{error}.", "maybe")
        answer, fits = read_answer(reply, outgoing.answer)
        self.budget.learn(about, answer, self.context.clock())
        trouble = judge(self.context.system, operation, answer, fits=fits, now=self.context.clock())
        if trouble is None:
            return answer
        return replace(trouble, message=self.cleaned(trouble.message))

    def place(self, outgoing: Outgoing) -> Target:
        """Where a call goes: its base, checked, with its own part behind.

        Raises SystemFailure (config) if the place is not among the hosts.
        """
        base = self._bases.get(outgoing.base)
        if base is None:
            template = self.context.system.urls[outgoing.base]
            own = any(slot.name[0] == "auth" for slot in template.slots)
            names = {"auth": self.auth.values() if own else {}}
            base = self.transport.hosts.target(render_text(template, self.context.scope(names)))
            if not own:
                self._bases[outgoing.base] = base
        path = base.path if base.path.endswith("/") or not outgoing.target else f"{base.path}/"
        if outgoing.target.startswith("?"):
            path = base.path
        return base.with_path(path + outgoing.target.removeprefix("/"))

    def cleaned(self, text: str) -> str:
        """At most 500 characters without a secret in any form: vendors repeat what they get."""
        secrets = sorted({*self.auth.secrets()}, key=len, reverse=True)
        with live.known(Secret(one) for one in secrets):
            text = live.hide(text)
        for one in secrets:
            if _SHORTEST_SECRET <= len(one) < live.LEAST:
                text = text.replace(quote(one, safe=""), MASK).replace(one, MASK)
        return text[:MOST_MESSAGE]

    def close(self) -> None:
        """Sign out, close every connection."""
        try:
            self.auth.sign_out()
        finally:
            self.limiter.close()
            self.transport.close()

    def _unsigned(self, outgoing: Outgoing, operation: Operation) -> Answer | Trouble:
        """A call of signing in itself."""
        try:
            self.limiter.wait(operation, "", reads=False)
            target = outgoing.url or self.place(outgoing)
        except SystemFailure as failure:
            return _nothing_done(failure)
        result = self._exchange(outgoing, target, {}, operation, "")
        if isinstance(result, Trouble) and result.kind == "rate_limited":
            self._pause(result)
        return result

    def _for_csrf(self, outgoing: Outgoing) -> Answer | Trouble:
        """The call for a CSRF token: signed, and reading."""
        return self._once(replace(outgoing, reads=True), "read", "")[0]


def _nothing_done(failure: SystemFailure) -> Trouble:
    return Trouble(
        failure.kind.value, failure.message, wait_s=failure.wait_s, detail=failure.detail
    )


def _with_cookies(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    cookies = [headers["Cookie"] for headers in (one, other) if "Cookie" in headers]
    return {**one, **other, **({"Cookie": "; ".join(cookies)} if cookies else {})}


def _with_body(outgoing: Outgoing, added: Mapping[str, Any]) -> Outgoing:
    """Raises SystemFailure (config) where the body is no JSON object to add to."""
    under = jsontext.decode(outgoing.body) if outgoing.body else {}
    if not isinstance(under, dict):
        raise SystemFailure(Kind.CONFIG, "Signing in adds to a body that is no object.")
    return replace(outgoing, body=json_body(merged(under, dict(added))))
