"""A token fetched before the first write of a session and sent with each write."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connector.systems import path
from connector.systems.auth.session import cookie_header, cookies_of
from connector.systems.classify import Answer, Trouble
from connector.systems.context import Context
from connector.systems.errors import Kind, SystemFailure
from connector.systems.render import Outgoing, render
from connector.systems.spec_auth import Csrf


@dataclass(slots=True)
class CsrfToken:
    """Kept until the session is refused. `ask` makes the call with the sign-in."""

    csrf: Csrf
    context: Context
    ask: Callable[[Outgoing], Answer | Trouble] = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _headers: Mapping[str, str] | None = field(default=None, init=False, repr=False)

    def headers(self) -> Mapping[str, str]:
        """What a write carries. Raises SystemFailure if no token is given."""
        with self._lock:
            if self._headers is None:
                self._headers = self._fetch()
            return self._headers

    def drop(self) -> None:
        """Fetch another before the next write."""
        with self._lock:
            self._headers = None

    def _fetch(self) -> Mapping[str, str]:
        scope = self.context.scope({})
        answer = self.ask(render(self.csrf.request, scope, common=self.context.system.headers))
        if isinstance(answer, Trouble):
            raise answer.failure()
        token = path.header(answer.headers, self.csrf.header)
        if not isinstance(token, str):
            raise SystemFailure(
                Kind.CONFIG, f'{self.context.title} gave no "{self.csrf.header}" for writing.'
            )
        cookies = cookies_of(answer, ()) if self.csrf.cookies else {}
        cookie = {"Cookie": cookie_header(cookies, tuple(cookies))} if cookies else {}
        return {self.csrf.header: token, **cookie}
