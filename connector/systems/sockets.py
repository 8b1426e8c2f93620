"""Sockets to checked addresses, and TLS on them."""

import os
import socket
import ssl
import time
from collections.abc import Sequence

import certifi


def connect(
    found: Sequence[str], port: int, *, until: float, tls: ssl.SSLContext | None, name: str
) -> socket.socket:
    """Connect to the first address that answers; under TLS the certificate must be for `name`.

    Args:
        until: monotonic time at which connecting is given up.

    Raises:
        OSError: none answered, or no secure connection came about (ssl.SSLError).
    """
    problem: OSError = TimeoutError()
    for address in found:
        try:
            sock = socket.create_connection((address, port), timeout=_left(until))
        except OSError as error:
            problem = error
            continue
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is None:
            return sock
        try:
            sock.settimeout(_left(until))
            return tls.wrap_socket(sock, server_hostname=name)
        except BaseException:
            sock.close()
            raise
    raise problem


def tls_with_certificate(certificate: bytes, key: bytes) -> ssl.SSLContext:
    """A context that shows a client certificate. The key passes through memory only, never a disk.

    Raises ssl.SSLError if they don't fit together.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    handle = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        os.write(handle, certificate.rstrip() + b"\n" + key.rstrip() + b"\n")
        context.load_cert_chain(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
    return context


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
