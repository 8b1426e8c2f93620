"""Deliveries to an endpoint of a running box, signed as Standard Webhooks says."""

import base64
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

from connector.crypto import mac
from tests.walks.live import Live


def signed(
    secret: str, body: bytes, *, event: str, at: int | None = None, key: bytes | None = None
) -> dict[str, str]:
    """The headers of a delivery, `at` seconds since 1970; with another key it is a forgery."""
    stamp = str(int(time.time()) if at is None else at)
    key = key or base64.b64decode(secret.removeprefix("whsec_"))
    digest = mac.hmac_digest("sha256", key, b".".join([event.encode(), stamp.encode(), body]))
    return {
        "webhook-id": event,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def deliver(
    live: Live, endpoint: str, body: bytes, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    """Send it over HTTP; answer status and body."""
    path = live.rows("SELECT path FROM webhooks_endpoint WHERE slug = %s", endpoint)[0][0]
    request = urllib.request.Request(
        f"{live.state['url']}/hooks/{path}/", data=body, headers=dict(headers), method="POST"
    )
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read()


def new_secret() -> str:
    return "whsec_" + base64.b64encode(mac.random_bytes(32)).decode()
