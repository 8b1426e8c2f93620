"""What a flow version says, sealed in its row: parameters, trigger, policies and mapping."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows.models import Version


@dataclass(frozen=True, slots=True)
class Definition:
    """The words of a flow file, apart from title and connections."""

    mapping: Mapping[str, Any]
    trigger: Mapping[str, Any] = field(default_factory=dict)
    policies: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "params": dict(self.params),
            "trigger": dict(self.trigger),
            "policies": dict(self.policies),
            "mapping": dict(self.mapping),
        }

    @property
    def endpoint(self) -> str:
        """Slug of the webhook endpoint that triggers the flow, or ""."""
        return str(self.trigger.get("webhook", ""))

    @property
    def after(self) -> tuple[str, ...]:
        """Slugs of the flows that this one follows."""
        return tuple(self.trigger.get("after", ()))


def seal(definition: Definition, version: Version) -> bytes:
    """The bytes for the row of this version (S2)."""
    return envelope.seal_json(Domain.CONFIG, definition.as_json(), place=version.place)


def of(version: Version) -> Definition:
    """Open what a version says."""
    stored = envelope.open_json(Domain.CONFIG, bytes(version.sealed), place=version.place)
    return Definition(**stored)
