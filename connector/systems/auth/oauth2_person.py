"""OAuth 2.0, where a person grants access: the address to send them to, and their code's exchange.

Sources: RFC 6749 4.1; RFC 7636 (PKCE, always S256); RFC 9207 (who sent the person back).
"""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from connector.crypto import jwt, mac
from connector.crypto.secret import Secret
from connector.systems.auth.base import Auth, auth_scope
from connector.systems.auth.oauth2 import OAuth2, Tokens, text
from connector.systems.context import Context
from connector.systems.errors import Kind, SystemFailure
from connector.systems.template import DROP, render_text

_VERIFIER_BYTES = 48


@dataclass(frozen=True, slots=True)
class Invitation:
    """Where a person grants access; the state is still to be added to `url`.

    `verifier` is what proves in the exchange that we asked (empty without PKCE). Who sends the
    person back may call itself `issuer`, or, where the description names none, anything on one
    of `hosts`.
    """

    url: str
    verifier: str = field(repr=False)
    issuer: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """The half of OAuth 2.0 that needs a person, of one client."""

    oauth: OAuth2 = field(repr=False)

    def invitation(self, redirect_uri: str) -> Invitation:
        """Raises SystemFailure (config) if the address can't be made, or may not be called."""
        auth, scope = self.oauth.auth, auth_scope(self.oauth.context, self.oauth.credential)
        address = text(auth.authorize_url, scope)
        place = self.oauth.hosts.target(address)
        verifier = mac.token(_VERIFIER_BYTES) if auth.pkce else ""
        query = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
        for name, template in auth.authorize_query.items():
            value = render_text(template, scope)
            if value is not DROP:
                query[name] = str(value)
        query |= {
            "response_type": "code",
            "client_id": text(auth.client_id, scope),
            "redirect_uri": redirect_uri,
        }
        if auth.scopes:
            query["scope"] = auth.scope_separator.join(auth.scopes)
        if verifier:
            query["code_challenge"] = jwt.base64url(mac.sha256(verifier.encode()))
            query["code_challenge_method"] = "S256"
        token_place = self.oauth.hosts.target(text(auth.token_url, scope))
        return Invitation(
            f"{address.partition('?')[0]}?{urlencode(query)}",
            verifier,
            text(auth.issuer, scope),
            (place.authority, token_place.authority),
        )

    def exchange(self, code: Secret, *, verifier: str, redirect_uri: str) -> Tokens:
        """Trade the code for tokens; a code is good once. Raises SystemFailure, AccessEnded."""
        fields = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": redirect_uri,
        }
        if verifier:
            fields["code_verifier"] = verifier
        return self.oauth.fetch(fields, auth_scope(self.oauth.context, self.oauth.credential))


def with_state(url: str, state: str) -> str:
    """The address of an invitation, ready to go to."""
    return f"{url}&{urlencode({'state': state})}"


def person(auth: Auth, context: Context) -> Person:
    """Raises SystemFailure (config) where no person grants access."""
    if not isinstance(auth, OAuth2) or auth.auth.grant != "authorization_code":
        raise SystemFailure(Kind.CONFIG, f"{context.title} is not connected by granting access.")
    return Person(auth)
