"""OAuth 2.0: a token fetched with what the credential holds, or kept by somebody else.

Tokens of client credentials, passwords and pasted refresh tokens live in memory for one run.
Where a person granted access or the refresh token changes with each use, a TokenStore keeps them:
it commits a new refresh token before the new access token is used, one refresher at a time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import quote_plus

from connector.crypto import live
from connector.crypto.secret import Secret
from connector.systems import token_answer
from connector.systems.auth.assertion import assertion_fields
from connector.systems.auth.base import Signed, auth_scope, rendered, texts
from connector.systems.auth.kept import Kept, Obtained
from connector.systems.auth.session import Ask, derived
from connector.systems.auth.static import basic
from connector.systems.classify import Trouble, by_code
from connector.systems.context import Context
from connector.systems.errors import Kind, SystemFailure
from connector.systems.hosts import Hosts
from connector.systems.path import take_all
from connector.systems.render import Outgoing, header_values
from connector.systems.scope import Scope
from connector.systems.spec_auth import OAuth2Auth
from connector.systems.template import DROP, Template, render_text
from connector.systems.wire import forms

_DEFAULT_LIFE_S = 3600
_SHORTEST_S = 1.0
_SECRET = (
    *("code", "code_verifier", "refresh_token", "assertion", "client_assertion"),
    *("password", "client_secret"),
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token answer. `others` holds what `take` kept; `life_s` counts from now."""

    access_token: Secret
    refresh_token: Secret | None
    life_s: float
    others: Mapping[str, str] = field(repr=False)


class TokenStore(Protocol):
    """Keeps the tokens that a person granted."""

    def fresh(
        self,
        refused: Secret | None,
        refresh: Callable[[Secret], Tokens],
        first: Secret | None = None,
    ) -> Tokens:
        """Tokens that are good now; never `refused` again. `life_s` is how long to use them.

        Calls `refresh` with the current refresh token (`first` if there is none yet) if needed,
        under a lock that holds across processes, and commits what it gave before returning.
        Raises SystemFailure (config) if a person must grant access again.
        """


@dataclass(slots=True)
class OAuth2:
    auth: OAuth2Auth
    context: Context
    credential: Mapping[str, Any] = field(repr=False)
    hosts: Hosts
    ask: Ask = field(repr=False)
    store: TokenStore | None = None
    kept: Kept = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.kept = Kept(self._obtain)

    def values(self) -> Mapping[str, Any]:
        return self.kept.current().values

    def sign(self, outgoing: Outgoing) -> Signed:
        current = self.kept.current()
        if not (self.auth.send.headers or self.auth.send.query or self.auth.send.body):
            bearer = f"Bearer {current.values['access_token']}"
            return Signed({"Authorization": bearer}, generation=current.generation)
        scope = auth_scope(self.context, self.credential, {"auth": current.values})
        return rendered(self.auth.send, scope, current.generation)

    def renew(self, generation: int) -> bool:
        self.kept.drop(generation)
        return self.auth.relogin

    def secrets(self) -> tuple[str, ...]:
        return (*texts(self.credential), *texts(self.kept.known()))

    def sign_out(self) -> None:
        """A token simply ends with its time."""
        self.kept.close()

    def _obtain(self, refused: Mapping[str, Any] | None) -> Obtained:
        scope = auth_scope(self.context, self.credential)
        if is_kept(self.auth):
            tokens = self._granted(refused, scope)
            life_s = tokens.life_s
        else:
            tokens = self.fetch(self._grant_fields(scope), scope)
            life_s = tokens.life_s - early(self.auth, tokens.life_s)
        values = {**tokens.others, "access_token": tokens.access_token.reveal()}
        return Obtained(derived(self.auth.derive, values, scope), max(life_s, _SHORTEST_S))

    def _granted(self, refused: Mapping[str, Any] | None, scope: Scope) -> Tokens:
        if self.store is None:
            raise SystemFailure(
                Kind.CONFIG, f"Nobody has granted access to {self.context.title} yet; connect it."
            )
        old = Secret(refused["access_token"]) if refused else None
        if self.auth.grant == "refresh_token":
            pasted = Secret(text(self.auth.refresh_token, scope))
            return self.store.fresh(old, self.refresh, pasted)
        return self.store.fresh(old, self.refresh)

    def refresh(self, token: Secret) -> Tokens:
        """Trade a refresh token for new tokens. Raises SystemFailure; AccessEnded if it is void."""
        fields = {"grant_type": "refresh_token", "refresh_token": token.reveal()}
        return self.fetch(fields, auth_scope(self.context, self.credential))

    def _grant_fields(self, scope: Scope) -> dict[str, str]:
        grant = self.auth.grant
        if grant in ("jwt_bearer", "jwt_client_credentials"):
            fields = assertion_fields(self.auth, self.context, self.credential, scope)
        else:
            fields = {"grant_type": grant}
        if grant == "password":
            fields["username"] = text(self.auth.username, scope)
            fields["password"] = text(self.auth.password, scope)
        if grant == "refresh_token":
            fields["refresh_token"] = text(self.auth.refresh_token, scope)
        if self.auth.scopes:
            fields["scope"] = self.auth.scope_separator.join(self.auth.scopes)
        return fields

    def fetch(self, fields: dict[str, str], scope: Scope) -> Tokens:
        """Ask the token endpoint. Raises SystemFailure; nothing of the answer is in its text."""
        headers = {"Accept": "application/json"}
        client_id, secret = text(self.auth.client_id, scope), text(self.auth.client_secret, scope)
        asserted = "client_assertion" in fields  # one way of showing who asks, never two
        if self.auth.client_auth == "basic" and client_id and not asserted:
            headers["Authorization"] = client_basic(client_id, secret)
        elif client_id:
            fields["client_id"] = client_id
            if self.auth.client_auth == "body" and not asserted:
                fields["client_secret"] = secret
        for name, template in self.auth.token_body.items():
            value = render_text(template, scope)
            if value is not DROP:
                fields[name] = value
        headers |= header_values(self.auth.token_headers, scope)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = self.hosts.target(text(self.auth.token_url, scope))
        body = forms.encode(dict(fields))
        outgoing = Outgoing("POST", "", "", headers, body, answer="token", url=target)
        with live.known(Secret(fields[name]) for name in _SECRET if fields.get(name)):
            answer = self.ask(outgoing, "token")
            if isinstance(answer, Trouble):  # some repeat what they were sent
                raise replace(answer, message=live.hide(answer.message)).failure()
        return self._tokens(answer.body, answer.headers, answer.status)

    def _tokens(self, body: Any, headers: Mapping[str, str], status: int) -> Tokens:
        body = body if isinstance(body, dict) else {}
        access, refresh = body.get("access_token"), body.get("refresh_token")
        if not isinstance(access, str) or not access:
            if code := token_answer.code(body):  # some say what is wrong with status 200
                raise by_code(self.context.title, code, status).failure()
            raise SystemFailure(Kind.CONFIG, f"{self.context.title} gave no access token.")
        return Tokens(
            Secret(access),
            Secret(refresh) if isinstance(refresh, str) and refresh else None,
            token_answer.life_s(body) or self.auth.life_s or _DEFAULT_LIFE_S,
            {name: str(one) for name, one in take_all(self.auth.take, body, headers).items()},
        )


def is_kept(auth: OAuth2Auth) -> bool:
    """Whether a TokenStore keeps the tokens: what they come from is used up, or is a person."""
    return auth.grant == "authorization_code" or (auth.grant == "refresh_token" and auth.rotates)


def early(auth: OAuth2Auth, life_s: float) -> float:
    """For how many seconds before its end a token is not used any more."""
    return min(auth.early_s, life_s / 3)


def client_basic(client_id: str, secret: str) -> str:
    """Client id and secret in a Basic header, form-encoded first. Source: RFC 6749 2.3.1."""
    return basic(quote_plus(client_id), quote_plus(secret))


def text(template: Template | None, scope: Scope) -> str:
    """A template filled in; nothing where there is none."""
    value = "" if template is None else render_text(template, scope)
    return "" if value is DROP else str(value)
