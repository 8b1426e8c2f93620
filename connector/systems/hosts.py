"""Which hosts a connection may talk to: a closed list, checked before any socket opens."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from connector.systems.authority import PORTS, authority
from connector.systems.errors import Kind, SystemFailure
from connector.systems.scope import Scope
from connector.systems.spec import System
from connector.systems.template import render_text

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\Z")
_PORT = r"(?::[1-9][0-9]{0,4})?"
_PLACE = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\]){_PORT}\Z")
# Decimal, octal, hex and short spellings of an IPv4 address: getaddrinfo reads them (inet_aton).
_NUMBER = re.compile(r"(?:.*\.)?(?:0x[0-9a-f]*|[0-9]+)\Z")
_STRANGE = re.compile(r"[\x00-\x20\x7f-\U0010ffff\\<>\"`{}|^]")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes, already checked against the list. `path` holds the query too."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """Host and port as in a Host header, and as on the list."""
        return authority(self.scheme, self.host, self.port)

    def with_path(self, path: str) -> "Target":
        return replace(self, path=path)


@dataclass(frozen=True, slots=True)
class Hosts:
    """The list. A name starting with "*." allows every host under the rest, not the rest itself.

    A name without a port stands for the usual one alone: what listens at another port of the
    same machine may be somebody else's.

    `bound` is what the credential is bound to; a host must be in both. `loopback` allows plain
    http to this very machine, for sandboxes.
    """

    names: tuple[str, ...]
    bound: tuple[str, ...]
    system: str
    loopback: bool = False

    def target(self, url: str) -> Target:
        """The checked place of a URL. Raises SystemFailure (config) if it may not be called."""
        target = Target(*_split(url, self.system))
        place = target.authority
        if not _listed(place, self.names):
            raise self._no(f'"{place}" is not one of its hosts ({", ".join(self.names)})')
        if not _listed(place, self.bound):
            raise self._no(f'the credential was not entered for "{place}"; enter it again')
        if target.scheme != "https" and not (self.loopback and target.host in LOOPBACK):
            raise self._no(f'"{target.host}" would be called without TLS; use https')
        return target

    def _no(self, why: str) -> SystemFailure:
        return SystemFailure(Kind.CONFIG, f"{self.system}: {why}.")


def allowed_hosts(system: System, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The hosts of a connection with these settings; what its credential gets bound to.

    Raises SystemFailure (config) if a setting is missing or makes something that is no host.
    """
    scope = Scope({"settings": settings}, system=system.title)
    hosts = []
    for template in system.hosts:
        host = str(render_text(template, scope)).lower()
        if not _PLACE.match(host.removeprefix("*.")):
            raise SystemFailure(Kind.CONFIG, f'{system.title}: "{host}" is not a host name.')
        if host not in hosts:
            hosts.append(host)
    return tuple(hosts)


def _listed(place: str, names: Iterable[str]) -> bool:
    return any(
        place == name or (name.startswith("*.") and place.endswith(name[1:])) for name in names
    )


def _split(url: str, system: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path; anything that two parsers could read in two ways is refused."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    plain = not _STRANGE.search(url) and parts.username is None and parts.password is None
    if not plain or parts.scheme not in PORTS or not _is_host(host):
        raise SystemFailure(Kind.CONFIG, f"{system} gave an address that is not a plain URL.")
    query = f"?{parts.query}" if parts.query else ""
    return parts.scheme, host, port or PORTS[parts.scheme], (parts.path or "/") + query


def _is_host(text: str) -> bool:
    """A name or an address in its one plain spelling."""
    if ":" not in text and not _NUMBER.match(text):
        return bool(NAME.match(text))
    try:
        return text == str(ipaddress.ip_address(text)) and "%" not in text
    except ValueError:
        return False
