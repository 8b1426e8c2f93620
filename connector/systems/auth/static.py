"""No sign-in, fixed headers, and Basic: the same for every call."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.systems.auth.base import Signed, auth_scope, rendered, texts
from connector.systems.context import Context
from connector.systems.errors import Kind, SystemFailure
from connector.systems.render import Outgoing
from connector.systems.spec_auth import BasicAuth, NoAuth, StaticAuth
from connector.systems.template import render_text


@dataclass(frozen=True, slots=True)
class Fixed:
    """What is added never changes, so a refusal is final."""

    signed: Signed
    hidden: tuple[str, ...] = field(default=(), repr=False)

    def values(self) -> Mapping[str, Any]:
        return {}

    def sign(self, outgoing: Outgoing) -> Signed:
        return self.signed

    def renew(self, generation: int) -> bool:
        return False

    def secrets(self) -> tuple[str, ...]:
        return self.hidden

    def sign_out(self) -> None:
        """There is nothing to end."""


def fixed(
    auth: NoAuth | StaticAuth | BasicAuth, context: Context, credential: Mapping[str, Any]
) -> Fixed:
    """Raises SystemFailure (config) if a part of the credential is missing."""
    scope = auth_scope(context, credential)
    signed = rendered(auth.send, scope)
    if isinstance(auth, BasicAuth):
        user, password = render_text(auth.username, scope), render_text(auth.password, scope)
        headers = {"Authorization": basic(user, password), **signed.headers}
        signed = Signed(headers, signed.query, signed.body)
    values = signed.headers.values()
    return Fixed(signed, (*texts(credential), *values, *(v.rpartition(" ")[2] for v in values)))


def basic(user: str, password: str) -> str:
    """The value of a Basic header. Source: RFC 7617; a user can't hold a colon."""
    if ":" in user:
        raise SystemFailure(Kind.CONFIG, "The user name holds a colon, which Basic can't carry.")
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
