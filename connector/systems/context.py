"""One account at one system: what every template of a run may see."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from connector.systems.errors import Kind, SystemFailure
from connector.systems.scope import Scope
from connector.systems.spec import System
from connector.systems.spec_fields import Fields, nothing
from connector.systems.spec_objects import ObjectSpec, Stream


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """The system with the settings of a connection. `zone` is the connection's."""

    system: System
    settings: Mapping[str, Any] = field(default_factory=nothing)
    zone: tzinfo = UTC
    clock: Callable[[], datetime] = utc_now

    @property
    def title(self) -> str:
        return self.system.title

    def scope(
        self,
        names: Mapping[str, Any] | None = None,
        *,
        fields: Mapping[str, Fields] | None = None,
        verb: str = "create",
    ) -> Scope:
        """The names of one call: settings and now always, and what is given."""
        return Scope(
            {"settings": self.settings, "now": self.clock(), **(names or {})},
            system=self.title,
            wire=self.system.wire,
            zone=self.zone,
            fields=fields or nothing(),
            verb=verb,
        )

    def stream(self, name: str) -> Stream:
        """Raises SystemFailure (config) if there is no such stream."""
        if name not in self.system.streams:
            raise SystemFailure(Kind.CONFIG, f'{self.title} has no stream "{name}".')
        return self.system.streams[name]

    def object(self, name: str) -> ObjectSpec:
        """Raises SystemFailure (config) if there is no such object."""
        if name not in self.system.objects:
            raise SystemFailure(Kind.CONFIG, f'{self.title} has no object "{name}".')
        return self.system.objects[name]
