"""Who asks: a bearer token, and nothing else. Cookies mean nothing here."""

from collections.abc import Mapping

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, MethodNotAllowed, NotFound
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from connector.api import tokens
from connector.api.models import ApiToken

REFUSED = "A valid API token is needed: Authorization: Bearer mlc_…"


class Bearer(BaseAuthentication):
    """`Authorization: Bearer TOKEN`. Missing, unknown, expired and revoked are answered alike."""

    def authenticate(self, request: Request) -> tuple[object, ApiToken]:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        token = tokens.of(text.strip() if scheme.lower() == "bearer" else "")
        if token is None:
            raise AuthenticationFailed(REFUSED)
        tokens.note_use(token)
        return token.maker, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasScope(BasePermission):
    """The method is one of the address, and the token has the ability that it asks for."""

    def has_permission(self, request: Request, view: object) -> bool:
        method = "GET" if request.method == "HEAD" else str(request.method)
        abilities: Mapping[str, str] = getattr(view, "abilities", {})
        if not abilities:
            raise NotFound("There is no such address.")
        ability = abilities.get(method)
        if ability is None:
            raise MethodNotAllowed(str(request.method))
        self.message = f"This token may not do that: it needs the scope {ability}."
        return isinstance(request.auth, ApiToken) and tokens.may(request.auth, ability)


class PerToken(SimpleRateThrottle):
    """So many requests a minute for each token, counted by all web processes together."""

    scope = "token"

    def get_cache_key(self, request: Request, view: object) -> str | None:
        return f"api:{request.auth.pk}" if isinstance(request.auth, ApiToken) else None
