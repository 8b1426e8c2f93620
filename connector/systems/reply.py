"""An answer as bytes: read against a deadline, never longer than allowed, also when unpacked."""

import http.client
import io
import socket
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_CHUNK = 65_536


class AnswerTooLong(Exception):
    """The answer has more bytes than allowed; the rest was not read."""


class BadEncoding(Exception):
    """The bytes are not what Content-Encoding says."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers (names in lower case, repeats joined by ", "), cookies and body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    cookies: tuple[str, ...] = field(default=(), repr=False)

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


class _TimedReader(io.RawIOBase):
    """Reads from a socket; the deadline counts for all of it, not for each piece."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._raw: Any = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._raw.readinto(buffer) or 0

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Timed:
    """Stands in for the socket while http.client opens it for reading."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock, self._deadline), 16_384)


class TimedResponse(http.client.HTTPResponse):
    """An answer that must be whole before the deadline (monotonic time)."""

    def __init__(self, sock: socket.socket, *, deadline: float, **kwargs: Any) -> None:
        super().__init__(_Timed(sock, deadline), **kwargs)  # type: ignore[arg-type]


def read_reply(response: http.client.HTTPResponse, most: int) -> Reply:
    """The whole answer.

    Raises AnswerTooLong, BadEncoding, OSError and http.client.HTTPException.
    """
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in response.headers.items():
        name = name.lower()
        if name == "set-cookie":
            cookies.append(value)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    body = _body(response, most)
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding and encoding != "identity" and body:
        if encoding not in ("gzip", "x-gzip"):
            raise BadEncoding
        body = unpacked(body, most)
    return Reply(response.status, headers, body, tuple(cookies))


def _body(response: http.client.HTTPResponse, most: int) -> bytes:
    if response.length is not None and response.length > most:
        raise _too_long(most)
    if response.length is not None:
        body = response.read(response.length)
        if response.length:
            raise http.client.IncompleteRead(body)
        response.close()
        return body
    parts, size = [], 0
    while part := response.read(_CHUNK):
        size += len(part)
        if size > most:
            raise _too_long(most)
        parts.append(part)
    return b"".join(parts)


def unpacked(data: bytes, most: int) -> bytes:
    """Undo gzip (also of several parts). Raises AnswerTooLong before more than `most` is made."""
    out = bytearray()
    while data:
        unpack = zlib.decompressobj(wbits=31)
        try:
            out += unpack.decompress(data, most + 1 - len(out))
        except zlib.error:
            raise BadEncoding from None
        if len(out) > most:
            raise _too_long(most)
        if not unpack.eof:
            raise BadEncoding
        data = unpack.unused_data
    return bytes(out)


def _too_long(most: int) -> AnswerTooLong:
    return AnswerTooLong(f"with more than {most} bytes, which is the limit for this system")
