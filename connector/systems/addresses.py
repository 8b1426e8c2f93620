"""Which addresses may be connected to: public ones, and what the operator named.

A name is resolved once; all its addresses are checked, and one of those is connected to, so that
a second answer of the name server changes nothing.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from connector.systems.hosts import LOOPBACK

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve: TypeAlias = Callable[[str, int], Sequence[str]]

# What Python's is_global takes for public, although it ends elsewhere: NAT64 (RFC 6052, 8215),
# 6to4 (RFC 3056) with its relays (RFC 7526), Teredo (RFC 4380), IPv4-compatible and site-local
# (RFC 4291, 3879), documentation (RFC 9637), segment routing (RFC 9602).
_ELSEWHERE = tuple(
    map(
        ipaddress.ip_network,
        (
            "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "192.88.99.0/24",
            "3fff::/20", "5f00::/16", "::/96", "fec0::/10",
        ),
    )
)  # fmt: skip


class AddressRefused(Exception):
    """A host leads to an address that may not be called. The text names host and reason."""


class HostUnknown(Exception):
    """The name server knows no address for a host."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What the operator allows: `private` names hosts inside the own network."""

    private: frozenset[str] = frozenset()
    loopback: bool = False

    def addresses(self, host: str, port: int, resolve: Resolve) -> list[str]:
        """Every address of a host. Raises AddressRefused if one of them is not allowed."""
        found = resolve(host, port)
        if not found:
            raise HostUnknown(host)
        for text in found:
            reason = self.why_not(host, ipaddress.ip_address(text.partition("%")[0]))
            if reason:
                raise AddressRefused(
                    f'"{host}" leads to {reason}, which is not called unless '
                    f"CONNECTOR_ALLOWED_PRIVATE_HOSTS names it"
                )
        return list(found)

    def why_not(self, host: str, address: Address) -> str:
        """What is wrong with an address, in words; "" if it may be called."""
        address = unmapped(address)
        if address.is_multicast or address.is_unspecified:
            return "an address of no single machine"
        if self.loopback and host in LOOPBACK and address.is_loopback:
            return ""
        if host in self.private:
            return ""
        if address.is_loopback:
            return "this machine itself"
        if address.is_link_local:
            return "a link-local address"
        if any(address.version == net.version and address in net for net in _ELSEWHERE):
            return "an address of a tunnel or an inner network"
        return "" if address.is_global and not address.is_reserved else "a private address"


def unmapped(address: Address) -> Address:
    """The IPv4 address inside ::ffff:0:0/96, else the address itself."""
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if isinstance(mapped, ipaddress.IPv4Address) else address


def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the name server, IPv4 first. Nothing is cached here."""
    try:
        answers: Any = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    found = [str(answer[4][0]) for answer in answers]
    return sorted(dict.fromkeys(found), key=lambda text: ":" in text)
