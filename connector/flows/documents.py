"""Flows as code, in dataclasses: what a folder of files says, with the place of each thing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from connector.flows.mapping.value_maps import Entry, MapShape, ValueMapEntries, value_map


@dataclass(frozen=True, slots=True)
class Origin:
    """File and line where something is declared."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is found: a variable of the environment, or a file in the secrets folder.

    `unset` is what an export says of a secret that was typed in the console.
    """

    kind: Literal["env", "file", "unset"]
    name: str = ""


@dataclass(frozen=True, slots=True)
class SystemDecl:
    """A system of one's own. `text` is the content of its file."""

    slug: str
    file: str
    text: str
    origin: Origin
    was: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionDecl:
    slug: str
    title: str
    system: str
    origin: Origin
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, SecretRef] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    was: str = ""


@dataclass(frozen=True, slots=True)
class ValueMapDecl:
    """A value map. `csv` names the file of its entries; "" if they stand in the YAML."""

    slug: str
    shape: MapShape
    entries: tuple[tuple[tuple[str, ...], Entry], ...]
    origin: Origin
    csv: str = ""
    was: str = ""

    def table(self) -> ValueMapEntries:
        return value_map(self.shape, self.entries)


@dataclass(frozen=True, slots=True)
class FlowDecl:
    """A flow. `trigger`, `policies` and `mapping` stand as written, their shape is checked."""

    slug: str
    title: str
    enabled: bool
    source: Mapping[str, Any]
    destination: Mapping[str, Any]
    mapping: Mapping[str, Any]
    origin: Origin
    trigger: Mapping[str, Any] = field(default_factory=dict)
    policies: Mapping[str, Any] = field(default_factory=dict)
    was: str = ""


@dataclass(frozen=True, slots=True)
class EndpointDecl:
    slug: str
    title: str
    connection: str
    events: tuple[str, ...]
    secrets: Mapping[str, SecretRef]
    origin: Origin
    was: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """All files together, by slug."""

    systems: Mapping[str, SystemDecl] = field(default_factory=dict)
    connections: Mapping[str, ConnectionDecl] = field(default_factory=dict)
    value_maps: Mapping[str, ValueMapDecl] = field(default_factory=dict)
    flows: Mapping[str, FlowDecl] = field(default_factory=dict)
    endpoints: Mapping[str, EndpointDecl] = field(default_factory=dict)
