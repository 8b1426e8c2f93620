"""The guarded client: kept connections to checked addresses, everything bounded.

It knows nothing of systems. It tells apart what matters to a write: nothing left the box
(NothingSent), or it left and no whole answer came (NoAnswer). TLS is always verified; no proxy,
no .netrc, no environment is looked at.
"""

import http.client
import re
import select
import socket
import ssl
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urljoin

import certifi

from connector.systems import addresses
from connector.systems.addresses import AddressRefused, Guard, HostUnknown, Resolve
from connector.systems.errors import Kind, SystemFailure
from connector.systems.hosts import Hosts, Target
from connector.systems.reply import AnswerTooLong, BadEncoding, Reply, TimedResponse, read_reply
from connector.systems.sockets import connect, tls_with_certificate

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_HOPS = 5
_IDLE_S = 50.0
_PIECE = 16_384
_OWN = {"Accept-Encoding": "gzip", "User-Agent": "ml-connector"}
_BREAKS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")


class NothingSent(Exception):
    """Not a byte left the box. `kind` is config or transient; the text is safe to show."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class NoAnswer(Exception):
    """The call left the box, at least in part, and no whole answer came back."""

    def __init__(self, message: str, kind: Kind = Kind.TRANSIENT) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds for connecting and for the whole call; bytes of an answer, unpacked."""

    connect_s: float = 10
    total_s: float = 30
    answer_bytes: int = 10_485_760


@dataclass(slots=True)
class _Connection:
    """One open connection to one origin."""

    sock: socket.socket
    used_at: float = 0.0

    @property
    def usable(self) -> bool:
        """Whether it is still open after idling: a peer that hung up has sent an end."""
        if time.monotonic() - self.used_at > _IDLE_S:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)

    def call(self, request: bytes, method: str, deadline: float) -> TimedResponse:
        """Send a whole request and read the head of the answer."""
        for start in range(0, len(request), _PIECE):
            self.sock.settimeout(max(deadline - time.monotonic(), 0.001))
            self.sock.sendall(request[start : start + _PIECE])
        response = TimedResponse(self.sock, deadline=deadline, method=method)
        try:
            response.begin()
        except BaseException:
            response.close()
            raise
        return response

    def close(self) -> None:
        self.sock.close()


@dataclass(slots=True)
class Transport:
    """Kept connections, shared by the threads of one run.

    `inside` are hosts that were reached in private networks, because the operator named them.
    """

    hosts: Hosts
    guard: Guard
    bounds: Bounds = Bounds()
    certificate: tuple[bytes, bytes] | None = field(default=None, repr=False)
    resolve: Resolve = addresses.resolve
    inside: set[str] = field(default_factory=set, init=False)
    _idle: defaultdict[tuple[str, str, int], deque[_Connection]] = field(
        default_factory=lambda: defaultdict(deque), init=False, repr=False
    )
    _own_tls: ssl.SSLContext | None = field(default=None, init=False, repr=False)

    def send(
        self,
        method: str,
        target: Target,
        *,
        headers: Mapping[str, str],
        private: Mapping[str, str],
        body: bytes | None = None,
        follow: bool = False,
    ) -> Reply:
        """Make one call and read its whole answer.

        Args:
            private: headers that sign the call; they never follow a redirect to another origin.
            follow: follow redirects of a GET, each checked like a first call.

        Raises:
            NothingSent, NoAnswer: see there.
        """
        deadline = time.monotonic() + self.bounds.total_s
        reply = self._once(method, target, {**headers, **private}, body, deadline)
        hops = 0
        while follow and method == "GET" and reply.status in _REDIRECTS and reply.location:
            hops += 1
            if hops > _MOST_HOPS:
                raise NoAnswer(f"{target.host} redirects in a circle")
            following = self._next(target, reply.location)
            private = private if following.origin == target.origin else {}
            target = following
            reply = self._once(method, target, {**headers, **private}, body, deadline)
        return reply

    def close(self) -> None:
        """Close every kept connection."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def _next(self, target: Target, location: str) -> Target:
        try:
            return self.hosts.target(
                urljoin(f"{target.scheme}://{target.authority}{target.path}", location)
            )
        except (SystemFailure, ValueError) as failure:
            raise NoAnswer(f"{target.host} redirects to a forbidden place: {failure}") from None

    def _once(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: float,
    ) -> Reply:
        request = _request(method, target, headers, body)
        connection = self._kept(target) or self._opened(target, deadline)
        response = None
        keep = False
        try:
            response = connection.call(request, method, deadline)
            reply = read_reply(response, self.bounds.answer_bytes)
            keep = not response.will_close
        except AnswerTooLong as error:
            raise NoAnswer(f"{target.host} answered {error}", Kind.CONFIG) from None
        except (OSError, http.client.HTTPException, BadEncoding) as error:
            raise NoAnswer(_words(target.host, error)) from None
        finally:
            if response is not None:
                response.close()
            if keep:
                connection.used_at = time.monotonic()
                self._idle[target.origin].append(connection)
            else:
                connection.close()
        return reply

    def _kept(self, target: Target) -> _Connection | None:
        idle = self._idle[target.origin]
        while idle:
            try:
                connection = idle.pop()
            except IndexError:
                return None
            if connection.usable:
                return connection
            connection.close()
        return None

    def _opened(self, target: Target, deadline: float) -> _Connection:
        """A new connection to one of the checked addresses. Raises NothingSent."""
        try:
            found = self.guard.addresses(target.host, target.port, self.resolve)
        except AddressRefused as error:
            raise NothingSent(Kind.CONFIG, f"{error}.") from None
        except HostUnknown:
            raise NothingSent(Kind.TRANSIENT, f'The host "{target.host}" is not known.') from None
        tls = self._tls() if target.scheme == "https" else None
        until = min(deadline, time.monotonic() + self.bounds.connect_s)
        try:
            sock = connect(found, target.port, until=until, tls=tls, name=target.host)
        except ssl.SSLCertVerificationError as error:
            raise NothingSent(
                Kind.TRANSIENT,
                f"The certificate of {target.host} is not valid: {error.verify_message}.",
            ) from None
        except OSError as error:
            words = "no answer in time" if isinstance(error, TimeoutError) else "no connection"
            raise NothingSent(Kind.TRANSIENT, f"{target.host} can't be reached: {words}.") from None
        if self.guard.needed_for(target.host, found):
            self.inside.add(target.authority)
        return _Connection(sock)

    def _tls(self) -> ssl.SSLContext:
        if self.certificate is None:
            return shared_tls()
        if self._own_tls is None:
            try:
                self._own_tls = tls_with_certificate(*self.certificate)
            except ssl.SSLError:
                text = "The client certificate and its key can't be used together."
                raise NothingSent(Kind.CONFIG, text) from None
        return self._own_tls


@cache
def shared_tls() -> ssl.SSLContext:
    """Verifies host names against the shipped list of authorities; TLS 1.2 or newer."""
    return ssl.create_default_context(cafile=certifi.where())


def _request(method: str, target: Target, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """The whole request, in one piece. Raises ValueError if a header would change its shape."""
    if _BREAKS.search(target.path) or " " in target.path:
        raise ValueError("a path holds a blank or a control character")
    lines = [f"{method} {target.path} HTTP/1.1", f"Host: {target.authority}"]
    for name, value in headers.items():
        if _BREAKS.search(value) or not _NAME.match(name):
            raise ValueError(f"the header {name[:40]!r} holds a control character")
        lines.append(f"{name}: {value}")
    if body is not None or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body or b'')}")
    given = {name.lower() for name in headers}
    lines += [f"{name}: {value}" for name, value in _OWN.items() if name.lower() not in given]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def _words(host: str, error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"{host} took the call but did not answer in time"
    if isinstance(error, BadEncoding):
        return f"{host} answered in an encoding that can't be read"
    return f"{host} broke off before its answer was complete"
