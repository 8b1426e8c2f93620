"""Which hosts a connection may talk to: a closed list, checked before any socket opens."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from connector.systems.errors import Kind, SystemFailure
from connector.systems.scope import Scope
from connector.systems.spec import System
from connector.systems.template import render_text

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS = {"https": 443, "http": 80}
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\Z")
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
        """Host and port as in a Host header; the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def with_path(self, path: str) -> "Target":
        return replace(self, path=path)


@dataclass(frozen=True, slots=True)
class Hosts:
    """The list. A name starting with "*." allows every host under the rest, not the rest itself.

    `bound` is what the credential is bound to; a host must be in both. `loopback` allows plain
    http to this very machine, for sandboxes.
    """

    names: tuple[str, ...]
    bound: tuple[str, ...]
    system: str
    loopback: bool = False

    def target(self, url: str) -> Target:
        """The checked place of a URL. Raises SystemFailure (config) if it may not be called."""
        scheme, host, port, path = _split(url, self.system)
        if not (_listed(host, self.names) and _listed(host, self.bound)):
            raise self._no(f'"{host}" is not one of its hosts ({", ".join(self.names)})')
        if scheme != "https" and not (self.loopback and host in LOOPBACK):
            raise self._no(f'"{host}" would be called without TLS; use https')
        return Target(scheme, host, port, path)

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
        name = host.removeprefix("*.")
        if not (_NAME.match(name) or ":" in name):
            raise SystemFailure(Kind.CONFIG, f'{system.title}: "{host}" is not a host name.')
        if host not in hosts:
            hosts.append(host)
    return tuple(hosts)


def _listed(host: str, names: Iterable[str]) -> bool:
    return any(
        host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in names
    )


def _split(url: str, system: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path; anything that two parsers could read in two ways is refused."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    plain = not _STRANGE.search(url) and parts.username is None and parts.password is None
    if not plain or parts.scheme not in _PORTS or not (_NAME.match(host) or ":" in host):
        raise SystemFailure(Kind.CONFIG, f"{system} gave an address that is not a plain URL.")
    query = f"?{parts.query}" if parts.query else ""
    return parts.scheme, host, port or _PORTS[parts.scheme], (parts.path or "/") + query
