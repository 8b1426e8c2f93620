"""How a system lets somebody in: one class for each `auth.type`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from connector.systems.body import Body
from connector.systems.condition import Condition
from connector.systems.path import Take
from connector.systems.spec_fields import nothing
from connector.systems.spec_request import Headers, Query, Request
from connector.systems.template import Template


@dataclass(frozen=True, slots=True)
class Send:
    """What is added to every call."""

    headers: Headers = field(default_factory=nothing)
    query: Query = field(default_factory=nothing)
    body: Body | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """Names of the credential's parts for mutual TLS."""

    cert: str
    key: str


@dataclass(frozen=True, slots=True)
class Derive:
    """A new `auth.<name>` made of others."""

    of: Template
    as_: Literal["base64", "base64url"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthBase:
    """What every kind has. `take` fills `auth.*` from a token answer."""

    send: Send = Send()
    certificate: Certificate | None = None
    take: Take = field(default_factory=nothing)
    derive: Mapping[str, Derive] = field(default_factory=nothing)
    relogin: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAuth(AuthBase):
    type: Literal["none"] = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticAuth(AuthBase):
    type: Literal["static"] = "static"


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicAuth(AuthBase):
    username: Template
    password: Template
    type: Literal["basic"] = "basic"


@dataclass(frozen=True, slots=True)
class Login:
    request: Request
    take: Take = field(default_factory=nothing)
    require: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAuth(AuthBase):
    """Signed in once, sent with each call; ends after `idle_s` unused or `life_s` in all."""

    login: Login
    idle_s: int
    life_s: int | None = None
    cookies: tuple[str, ...] = ()
    logout: Request | None = None
    type: Literal["session"] = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth1Auth(AuthBase):
    consumer_key: Template
    consumer_secret: Template
    token: Template
    token_secret: Template
    signature: Literal["hmac-sha256"] = "hmac-sha256"
    realm: Template | None = None
    type: Literal["oauth1"] = "oauth1"


@dataclass(frozen=True, slots=True, kw_only=True)
class HmacAuth(AuthBase):
    """`message` sees `call.*`; `send` sees `auth.signature`."""

    key: Template
    message: Template
    key_encoding: Literal["utf8", "base64", "hex"] = "utf8"
    algorithm: Literal["sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    type: Literal["hmac"] = "hmac"


@dataclass(frozen=True, slots=True)
class Assertion:
    """The signed token of the two `jwt_…` grants; `iat`, `exp` and `jti` are added.

    `key` and `thumbprint` name parts of the credential.
    """

    algorithm: Literal["RS256", "PS256", "ES256"]
    key: str
    claims: Mapping[str, Template]
    key_id: Template | None = None
    life_s: int = 300
    thumbprint: str | None = None


Grant: TypeAlias = Literal[
    "authorization_code", "client_credentials", "jwt_client_credentials", "jwt_bearer",
    "password", "refresh_token",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2Auth(AuthBase):
    """`early_s` before its end a token is renewed (at most a third of its life before).

    `issuer` is who must have sent a person back to us, where the system says it (RFC 9207).
    """

    grant: Grant
    token_url: Template
    authorize_url: Template | None = None
    revoke_url: Template | None = None
    issuer: Template | None = None
    client_id: Template | None = None
    client_secret: Template | None = None
    username: Template | None = None
    password: Template | None = None
    refresh_token: Template | None = None
    client_auth: Literal["basic", "body", "none"] = "basic"
    scopes: tuple[str, ...] = ()
    scope_separator: str = " "
    pkce: bool = True
    authorize_query: Mapping[str, Template] = field(default_factory=nothing)
    token_body: Mapping[str, Template] = field(default_factory=nothing)
    token_headers: Mapping[str, Template] = field(default_factory=nothing)
    assertion: Assertion | None = None
    rotates: bool = False
    life_s: int | None = None
    early_s: int = 60
    refresh_life_s: int | None = None
    type: Literal["oauth2"] = "oauth2"


Auth: TypeAlias = NoAuth | StaticAuth | BasicAuth | SessionAuth | OAuth1Auth | HmacAuth | OAuth2Auth


@dataclass(frozen=True, slots=True)
class Csrf:
    """A token fetched before the first write of a session and sent with each write."""

    request: Request
    header: str
    cookies: bool = True
