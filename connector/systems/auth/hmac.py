"""Calls signed with a shared key, over what the description says of the call."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.crypto import mac
from connector.systems.auth.base import Signed, auth_scope, rendered, texts
from connector.systems.context import Context
from connector.systems.errors import Kind, SystemFailure
from connector.systems.render import Outgoing
from connector.systems.spec_auth import HmacAuth
from connector.systems.template import render_text


@dataclass(frozen=True, slots=True)
class Hmac:
    auth: HmacAuth
    context: Context
    credential: Mapping[str, Any] = field(repr=False)

    def values(self) -> Mapping[str, Any]:
        return {}

    def sign(self, outgoing: Outgoing) -> Signed:
        names: dict[str, Any] = {"call": _call(outgoing), "now": self.context.clock()}
        scope = auth_scope(self.context, self.credential, names)
        message = render_text(self.auth.message, scope).encode()
        digest = mac.hmac_digest(self.auth.algorithm, self._key(), message)
        hexed = self.auth.encoding == "hex"
        signature = digest.hex() if hexed else base64.b64encode(digest).decode()
        names["auth"] = {"signature": signature}
        return rendered(self.auth.send, auth_scope(self.context, self.credential, names))

    def renew(self, generation: int) -> bool:
        return False

    def secrets(self) -> tuple[str, ...]:
        return texts(self.credential)

    def sign_out(self) -> None:
        """There is nothing to end."""

    def _key(self) -> bytes:
        text = render_text(self.auth.key, auth_scope(self.context, self.credential))
        try:
            match self.auth.key_encoding:
                case "base64":
                    return base64.b64decode(text, validate=True)
                case "hex":
                    return bytes.fromhex(text)
                case _:
                    return bytes(text, "utf-8")
        except (ValueError, binascii.Error):
            words = f"The key for {self.context.title} is not {self.auth.key_encoding}."
            raise SystemFailure(Kind.CONFIG, words) from None


def _call(outgoing: Outgoing) -> dict[str, str]:
    """What a signature may cover. The path is as sent, with the query apart."""
    place = outgoing.url.path if outgoing.url else outgoing.target
    path, _, query = place.partition("?")
    body = outgoing.body or b""
    return {
        "method": outgoing.method,
        "path": path,
        "query": query,
        "body": body.decode("utf-8", "replace"),
        "body_sha256": mac.sha256(body).hex(),
    }
