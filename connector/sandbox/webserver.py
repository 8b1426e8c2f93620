"""A small threaded HTTP/1.1 server with kept connections, for loopback only."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

LONGEST_LINE = 16_384
MOST_HEADERS = 100
LONGEST_BODY = 10_485_760
IDLE_S = 120
PHRASES = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came; header names are in lower case, the path is decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `sent` says how much of it leaves before the connection is cut."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: Literal["whole", "half", "nothing"] = "whole"


App = Callable[[Request], Response]


class BadRequestError(Exception):
    """What came is not HTTP as this server speaks it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class WebServer(socketserver.ThreadingTCPServer):
    """Answers with `app(request)`, a thread for each connection."""

    allow_reuse_address = True
    daemon_threads = False  # stop() cuts the connections and waits for their threads
    request_queue_size = 256

    def __init__(self, app: App, port: int = 0) -> None:
        self.app = app
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Connection)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def stop(self) -> None:
        """Stop listening, cut every open connection, wait until what is being done is done."""
        self.shutdown()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Connection(socketserver.StreamRequestHandler):
    timeout = IDLE_S
    disable_nagle_algorithm = True
    rbufsize = 65_536
    server: WebServer

    def handle(self) -> None:
        # the other side may go away or be silent for too long, and a stop cuts the connection
        with contextlib.suppress(OSError):
            while self._one():
                pass

    def _one(self) -> bool:
        """Answer one request; False if the connection is done."""
        try:
            request = self._read()
        except BadRequestError as error:
            self._write(Response(error.status, str(error).encode()), keep=False)
            return False
        if request is None:
            return False
        keep = request.headers.get("connection", "").lower() != "close"
        response = self.server.app(request)
        self._write(response, keep=keep)
        return keep and response.sent == "whole"

    def _read(self) -> Request | None:
        line = self._line()
        if not line:
            return None
        parts = line.split(" ")
        if len(parts) != 3 or parts[2] != "HTTP/1.1":
            raise BadRequestError(400, "a request line of HTTP/1.1 is expected")
        headers: dict[str, str] = {}
        while line := self._line():
            name, colon, value = line.partition(":")
            if not colon or len(headers) >= MOST_HEADERS:
                raise BadRequestError(400, "a header is not right, or there are too many")
            headers[name.lower()] = value.strip()
        path, _, query = parts[1].partition("?")
        return Request(
            parts[0], unquote(path), dict(parse_qsl(query)) if query else {}, headers,
            self._body(headers),
        )  # fmt: skip

    def _line(self) -> str:
        line = self.rfile.readline(LONGEST_LINE)
        if line and not line.endswith(b"\n"):
            raise BadRequestError(431, "a line is too long")
        return line.decode("latin-1").rstrip("\r\n")

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if "transfer-encoding" in headers:
            raise BadRequestError(501, "send a body with Content-Length")
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or len(length) > 12:
            raise BadRequestError(400, "Content-Length is no number of this size")
        if int(length) > LONGEST_BODY:
            raise BadRequestError(413, "the body is too long")
        body = self.rfile.read(int(length)) if int(length) else b""
        if len(body) < int(length):
            raise ConnectionError("the body was cut off")
        return body

    def _write(self, response: Response, *, keep: bool) -> None:
        if response.sent == "nothing":
            return
        lines = [f"HTTP/1.1 {response.status} {PHRASES.get(response.status, '')}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        if response.body and "Content-Type" not in response.headers:
            lines.append("Content-Type: application/json")
        lines.append(f"Content-Length: {len(response.body)}")
        if not keep:
            lines.append("Connection: close")
        whole = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + response.body
        cut = len(response.body) // 2 + 1 if response.sent == "half" else 0
        self.wfile.write(whole[: len(whole) - cut])
