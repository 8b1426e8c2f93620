"""Which addresses may be connected to: public ones, and what the operator named.

A name is resolved once; all its addresses are checked, and one of those is connected to, so that
a second answer of the name server changes nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from connector.systems.hosts import LOOPBACK, NAME

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve: TypeAlias = Callable[[str, int], Sequence[str]]


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ipaddress.ip_network, texts))


# What Python's is_global takes for public, although it ends elsewhere: NAT64 (RFC 6052, 8215),
# 6to4 (RFC 3056) with its relays (RFC 7526), Teredo (RFC 4380), IPv4-compatible and site-local
# (RFC 4291, 3879), documentation (RFC 9637), segment routing (RFC 9602).
_ELSEWHERE = _networks(
    *("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "192.88.99.0/24"),
    *("3fff::/20", "5f00::/16", "::/96", "fec0::/10"),
)
# Where clouds answer with credentials of the machine: Amazon (IMDS, ECS, EKS), Google, Alibaba,
# Oracle, Azure; the last lies among public addresses. No setting opens these.
_METADATA = _networks(
    *("169.254.0.0/16", "fd00:ec2::/32", "fd20:ce::/32", "100.100.100.200/32"),
    *("192.0.0.192/32", "168.63.129.16/32"),
)
_NAT64 = _networks("64:ff9b::/96", "64:ff9b:1::/48", "::/96")
_UNLESS = "is not called unless CONNECTOR_ALLOWED_PRIVATE_HOSTS names it"
_NO_NAME = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")


class AddressRefused(Exception):
    """A host leads to an address that may not be called. The text names host and reason."""


class HostUnknown(Exception):
    """The name server knows no address for a host."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What the operator allows.

    `private` names hosts that may be in private networks; `networks` may be called under any
    name, also where they are this machine. Neither opens an address of cloud metadata.
    """

    private: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    loopback: bool = False

    @classmethod
    def of(cls, words: Iterable[str], *, loopback: bool) -> Self:
        """From the words of CONNECTOR_ALLOWED_PRIVATE_HOSTS. Raises ValueError naming a bad one."""
        names, networks = set(), []
        for word in words:
            network = _network(word)
            if network is None:
                names.add(word.lower())
            else:
                networks.append(network)
        return cls(frozenset(names), tuple(networks), loopback)

    def addresses(self, host: str, port: int, resolve: Resolve) -> list[str]:
        """Every address of a host. Raises AddressRefused if one of them is not allowed."""
        found = resolve(host, port)
        if not found:
            raise HostUnknown(host)
        for address in map(_read, found):
            if reason := self.why_not(host, address):
                rule = "is never called" if why_never(address) else _UNLESS
                raise AddressRefused(f'"{host}" leads to {reason}, which {rule}')
        return list(found)

    def why_not(self, host: str, address: Address) -> str:
        """What is wrong with an address, in words; "" if it may be called."""
        reason = why_never(address)
        if reason or (self.loopback and host in LOOPBACK and unmapped(address).is_loopback):
            return reason
        reason = why_private(address)
        if reason and any(_within(unmapped(address), network) for network in self.networks):
            return ""
        if host in self.private and not unmapped(address).is_loopback:
            return ""
        return reason

    def needed_for(self, host: str, found: Iterable[str]) -> bool:
        """Whether one of the addresses may be called only because the operator named it."""
        practice = self.loopback and host in LOOPBACK
        return not practice and any(why_private(_read(text)) for text in found)


def why_never(address: Address) -> str:
    """Why nothing opens an address, also one inside an IPv6 address; "" if something may."""
    for each in (address, *_carried(address)):
        if any(_within(each, network) for network in _METADATA):
            return "an address of cloud metadata"
        if each.is_link_local:
            return "a link-local address"
        no_host = each.is_multicast or each.is_unspecified
        if no_host or (each.version == 4 and (each.is_reserved or int(each) >> 24 == 0)):
            return "an address of no single machine"
    return ""


def why_private(address: Address) -> str:
    """Why an address is called only if the operator named it; "" if it is public."""
    address = unmapped(address)
    if address.is_loopback:
        return "this machine itself"
    if any(_within(address, network) for network in _ELSEWHERE):
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


def _carried(address: Address) -> tuple[Address, ...]:
    """The IPv4 addresses that an IPv6 address leads to in the end."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    inside = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(_within(address, network) for network in _NAT64) and int(address) >> 1:
        inside.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(each for each in inside if each is not None)


def _read(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])


def _within(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network


def _network(word: str) -> Network | None:
    """The network that a word names, None for the name of a host. Raises ValueError."""
    if not re.search(r"[/:]", word) and not _NO_NAME.match(word.lower().rpartition(".")[2]):
        if not NAME.match(word.lower()):
            raise ValueError(f'"{word}" is neither a host name nor a network')
        return None
    try:
        network = ipaddress.ip_network(word)
    except ValueError as error:
        raise ValueError(f'"{word}" is no network: {error}') from None
    if not network.prefixlen:
        raise ValueError(f'"{word}" is every address there is')
    return network
