"""OAuth 1.0 with a token that was granted before: each call signed by HMAC-SHA256.

Source: RFC 5849 section 3; HMAC-SHA256 in place of HMAC-SHA1 as NetSuite wants it.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

from connector.crypto import mac
from connector.systems.auth.base import Signed, auth_scope, texts
from connector.systems.context import Context
from connector.systems.hosts import Target
from connector.systems.render import Outgoing
from connector.systems.spec_auth import OAuth1Auth
from connector.systems.template import Template, render_text

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class OAuth1:
    auth: OAuth1Auth
    context: Context
    credential: Mapping[str, Any] = field(repr=False)

    def values(self) -> Mapping[str, Any]:
        return {}

    def sign(self, outgoing: Outgoing) -> Signed:
        assert outgoing.url is not None
        oauth = {
            "oauth_consumer_key": self._text(self.auth.consumer_key),
            "oauth_token": self._text(self.auth.token),
            "oauth_nonce": mac.token(16),
            "oauth_timestamp": str(int(self.context.clock().timestamp())),
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_version": "1.0",
        }
        secrets = (self.auth.consumer_secret, self.auth.token_secret)
        key = "&".join(_encoded(self._text(part)) for part in secrets)
        message = base_string(outgoing, outgoing.url, oauth)
        digest = mac.hmac_digest("sha256", key.encode(), message.encode())
        oauth["oauth_signature"] = base64.b64encode(digest).decode()
        if self.auth.realm is not None:
            oauth = {"realm": self._text(self.auth.realm), **oauth}
        named = ", ".join(f'{name}="{_encoded(value)}"' for name, value in oauth.items())
        return Signed({"Authorization": f"OAuth {named}"})

    def renew(self, generation: int) -> bool:
        return False

    def secrets(self) -> tuple[str, ...]:
        return texts(self.credential)

    def sign_out(self) -> None:
        """There is nothing to end."""

    def _text(self, template: Template) -> str:
        return str(render_text(template, auth_scope(self.context, self.credential)))


def base_string(outgoing: Outgoing, target: Target, oauth: Mapping[str, str]) -> str:
    """What is signed: method, address without query, and all parameters sorted (3.4.1)."""
    path, _, query = target.path.partition("?")
    pairs = [*oauth.items(), *parse_qsl(query, keep_blank_values=True)]
    if outgoing.headers.get("Content-Type") == _FORM and outgoing.body:
        pairs += parse_qsl(outgoing.body.decode(), keep_blank_values=True)
    encoded = sorted((_encoded(name), _encoded(value)) for name, value in pairs)
    parameters = "&".join(f"{name}={value}" for name, value in encoded)
    address = f"{target.scheme}://{target.authority}{path}"
    return f"{outgoing.method}&{_encoded(address)}&{_encoded(parameters)}"


def _encoded(text: str) -> str:
    """Only letters, digits and `-._~` stay (3.6)."""
    return quote(text, safe="-._~")
