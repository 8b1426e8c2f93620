"""Signed webhooks (https://www.standardwebhooks.com), sent by a thread, with retries.

An event is thin: `{"id", "type", "occurred_at", "data": {"id"}}`. It is stored in
the transaction of the change that it tells of, so none is lost and none is invented.
"""

import base64
import binascii
import http.client
import ssl
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from connector.crypto import mac
from connector.sandbox import jsontext
from connector.sandbox.store import Store

PREFIX = "whsec_"
BATCH = 50
MOST_ATTEMPTS = 12
LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where events go. `ca` is a file with the certificate to trust, for an https address."""

    url: str = ""
    secret: str = ""
    ca: str = ""


NOWHERE = Target()


def secret_key(secret: str) -> bytes:
    """The key inside `whsec_<base64>`. Raises ValueError if it isn't of that form."""
    if not secret.startswith(PREFIX):
        raise ValueError(f'a webhook secret starts with "{PREFIX}"')
    try:
        return base64.b64decode(secret[len(PREFIX) :], validate=True)
    except binascii.Error:
        raise ValueError("the webhook secret is not base64") from None


def sign(secret: str, event_id: str, stamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: HMAC-SHA256 over `id.timestamp.body`."""
    message = f"{event_id}.{stamp}.".encode() + body
    digest = mac.hmac_digest("sha256", secret_key(secret), message)
    return "v1," + base64.b64encode(digest).decode()


def note(store: Store, kind: str, verb: str, record_id: str, at: str) -> None:
    """Put an event into the outbox. Inside the change that it tells of."""
    event_id = "evt_" + mac.token(15)
    event = {"id": event_id, "type": f"{kind}.{verb}", "occurred_at": at, "data": {"id": record_id}}
    store.keep_event(event_id, jsontext.encode(event), time.time())


class Sender:
    """Sends what is due to the target; without a target nothing is noted."""

    def __init__(self, store: Store, target: Target, *, first_wait_s: float = 0.5) -> None:
        self._store = store
        self._first_wait_s = first_wait_s
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._connection: http.client.HTTPConnection | None = None
        self.target = target

    @property
    def aimed(self) -> bool:
        return bool(self.target.url)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        """There is something new to send."""
        if self.aimed:
            self._wake.set()

    def aim(self, target: Target) -> None:
        """Send to another place from now on. Raises ValueError for a secret of another form."""
        secret_key(target.secret)
        self.target = target
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            target = self.target
            due = self._store.due_events(time.time(), BATCH) if target.url else []
            for event in due:
                if not self._stopping:
                    self._send(target, *event)
            if not due:
                self._wake.wait(self._pause())
        self._hang_up()

    def _pause(self) -> float:
        due_at = self._store.next_due() if self.target.url else None
        return 5.0 if due_at is None else min(5.0, max(0.01, due_at - time.time()))

    def _send(self, target: Target, event_id: str, body: bytes, attempts: int) -> None:
        status = self._post(target, event_id, body)
        attempts += 1
        if 200 <= status < 300:
            self._store.mark_event(event_id, "sent", attempts, time.time())
        elif status == 410 or attempts >= MOST_ATTEMPTS:
            self._store.mark_event(event_id, "given_up", attempts, time.time())
        else:
            wait = min(LONGEST_WAIT_S, self._first_wait_s * 2 ** (attempts - 1))
            self._store.mark_event(event_id, "waiting", attempts, time.time() + wait)

    def _post(self, target: Target, event_id: str, body: bytes) -> int:
        """Status of the answer, 0 if there was none."""
        stamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign(target.secret, event_id, stamp, body),
        }
        try:
            connection = self._connected(target)
            connection.request("POST", urlsplit(target.url).path or "/", body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return 0
        return answer.status

    def _connected(self, target: Target) -> http.client.HTTPConnection:
        parts = urlsplit(target.url)
        host, port = parts.hostname or "", parts.port
        kept = self._connection
        if kept is None or (kept.host, kept.port) != (host, port or kept.default_port):
            self._hang_up()
            if parts.scheme == "https":
                context = ssl.create_default_context(cafile=target.ca or None)
                kept = http.client.HTTPSConnection(host, port, timeout=10, context=context)
            else:
                kept = http.client.HTTPConnection(host, port, timeout=10)
            self._connection = kept
        return kept

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None
