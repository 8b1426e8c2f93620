"""OAuth 2.0: a token fetched with what the credential holds, or kept by somebody else.

Tokens of client credentials, passwords and pasted refresh tokens live in memory for one run.
Where a person granted access or the refresh token changes with each use, a TokenStore keeps them:
it commits a new refresh token before the new access token is used, one refresher at a time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote_plus

from connector.crypto.secret import Secret
from connector.systems.auth.base import Signed, auth_scope, rendered, texts
from connector.systems.auth.kept import Kept, Obtained
from connector.systems.auth.session import Ask, derived
from connector.systems.auth.static import basic
from connector.systems.classify import Trouble
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


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token answer. `others` holds what `take` kept; `life_s` counts from now."""

    access_token: Secret
    refresh_token: Secret | None
    life_s: float
    others: Mapping[str, str] = field(repr=False)


class TokenStore(Protocol):
    """Keeps the tokens that a person granted."""

    def fresh(self, refused: Secret | None, refresh: Callable[[Secret], Tokens]) -> Tokens:
        """Tokens that are good now; never `refused` again.

        Calls `refresh` with the current refresh token if needed, under a lock that holds across
        processes, and commits what it gave before returning. Raises SystemFailure (config) if a
        person must grant access again.
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

    def _obtain(self, refused: Mapping[str, Any] | None) -> Obtained:
        scope = auth_scope(self.context, self.credential)
        grant = self.auth.grant
        if grant in ("jwt_bearer", "jwt_client_credentials"):
            raise SystemFailure(
                Kind.CONFIG, f"{self.context.title} wants a signed token, which can't be made here."
            )
        if grant == "authorization_code" or self.auth.rotates:
            tokens = self._granted(refused)
        else:
            tokens = self._fetch(self._grant_fields(scope), scope)
        life_s = max(tokens.life_s - min(self.auth.early_s, tokens.life_s / 3), 1.0)
        values = {**tokens.others, "access_token": tokens.access_token.reveal()}
        return Obtained(derived(self.auth.derive, values, scope), life_s)

    def _granted(self, refused: Mapping[str, Any] | None) -> Tokens:
        if self.store is None:
            raise SystemFailure(
                Kind.CONFIG, f"Nobody has granted access to {self.context.title} yet; connect it."
            )
        old = Secret(refused["access_token"]) if refused else None
        return self.store.fresh(old, self.refresh)

    def refresh(self, token: Secret) -> Tokens:
        """Trade a refresh token for new tokens. Raises SystemFailure."""
        fields = {"grant_type": "refresh_token", "refresh_token": token.reveal()}
        return self._fetch(fields, auth_scope(self.context, self.credential))

    def _grant_fields(self, scope: Scope) -> dict[str, str]:
        fields: dict[str, str] = {"grant_type": self.auth.grant}
        if self.auth.grant == "password":
            fields["username"] = _text(self.auth.username, scope)
            fields["password"] = _text(self.auth.password, scope)
        if self.auth.grant == "refresh_token":
            fields["refresh_token"] = _text(self.auth.refresh_token, scope)
        if self.auth.scopes:
            fields["scope"] = self.auth.scope_separator.join(self.auth.scopes)
        return fields

    def _fetch(self, fields: dict[str, str], scope: Scope) -> Tokens:
        headers = {"Accept": "application/json"}
        client_id, secret = _text(self.auth.client_id, scope), _text(self.auth.client_secret, scope)
        if self.auth.client_auth == "basic":
            headers["Authorization"] = client_basic(client_id, secret)
        elif client_id:
            fields["client_id"] = client_id
            if self.auth.client_auth == "body":
                fields["client_secret"] = secret
        for name, template in self.auth.token_body.items():
            value = render_text(template, scope)
            if value is not DROP:
                fields[name] = value
        headers |= header_values(self.auth.token_headers, scope)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = self.hosts.target(_text(self.auth.token_url, scope))
        outgoing = Outgoing("POST", "", "", headers, forms.encode(dict(fields)), url=target)
        answer = self.ask(outgoing, "token")
        if isinstance(answer, Trouble):
            raise answer.failure()
        return self._tokens(answer.body, answer.headers)

    def _tokens(self, body: Any, headers: Mapping[str, str]) -> Tokens:
        body = body if isinstance(body, dict) else {}
        access, refresh = body.get("access_token"), body.get("refresh_token")
        if not isinstance(access, str) or not access:
            raise SystemFailure(Kind.CONFIG, f"{self.context.title} gave no access token.")
        life = body.get("expires_in")
        life_s = int(life) if isinstance(life, int | str) and str(life).isdecimal() else None
        others = {
            name: str(value) for name, value in take_all(self.auth.take, body, headers).items()
        }
        return Tokens(
            Secret(access),
            Secret(refresh) if isinstance(refresh, str) and refresh else None,
            life_s or self.auth.life_s or _DEFAULT_LIFE_S,
            others,
        )


def client_basic(client_id: str, secret: str) -> str:
    """Client id and secret in a Basic header, form-encoded first. Source: RFC 6749 2.3.1."""
    return basic(quote_plus(client_id), quote_plus(secret))


def _text(template: Template | None, scope: Scope) -> str:
    value = "" if template is None else render_text(template, scope)
    return "" if value is DROP else str(value)
