"""A `Document` as one canonical text."""

from collections.abc import Mapping
from typing import Any

from connector.flows.documents import (
    ConnectionDecl,
    Document,
    FlowDecl,
    SecretRef,
    ValueMapDecl,
)
from connector.flows.flow_files import FORMAT
from connector.flows.yaml_writer import dump


def export(document: Document) -> str:
    """The canonical text of a document. Comments are not kept; files that it names stay files."""
    sections: dict[str, Any] = {
        "systems": {slug: {"file": each.file} for slug, each in document.systems.items()},
        "connections": {slug: _from_connection(c) for slug, c in document.connections.items()},
        "value_maps": {slug: _from_value_map(m) for slug, m in document.value_maps.items()},
        "flows": {slug: _from_flow(flow) for slug, flow in document.flows.items()},
        "endpoints": {
            slug: {
                "title": each.title,
                "connection": each.connection,
                "events": list(each.events),
                "secrets": _references(each.secrets),
            }
            for slug, each in document.endpoints.items()
        },
    }
    filled = {name: body for name, body in sections.items() if body}
    return dump({"format": FORMAT, **filled})


def _references(secrets: Mapping[str, SecretRef]) -> dict[str, Any]:
    return {
        name: {reference.kind: True if reference.kind == "unset" else reference.name}
        for name, reference in secrets.items()
    }


def _from_connection(connection: ConnectionDecl) -> dict[str, Any]:
    parts = {
        "settings": dict(connection.settings),
        "secrets": _references(connection.secrets),
        "limits": dict(connection.limits),
    }
    return {
        "title": connection.title,
        "system": connection.system,
        **{key: part for key, part in parts.items() if part},
    }


def _from_value_map(declared: ValueMapDecl) -> dict[str, Any]:
    shape = declared.shape
    unknown = {"default": shape.default} if shape.unknown == "default" else shape.unknown
    body: dict[str, Any] = {
        "title": shape.title,
        "keys": list(shape.keys),
        "value": shape.value,
        "unknown": unknown,
    }
    if shape.ignore_case:
        body["ignore_case"] = True
    if declared.csv:
        return {**body, "csv": declared.csv}
    return {**body, "entries": {key[0]: value for key, value in declared.entries}}


def _from_flow(flow: FlowDecl) -> dict[str, Any]:
    parts = {"trigger": dict(flow.trigger), "policies": dict(flow.policies)}
    return {
        "title": flow.title,
        "enabled": flow.enabled,
        "source": dict(flow.source),
        "destination": dict(flow.destination),
        **{key: part for key, part in parts.items() if part},
        "mapping": dict(flow.mapping),
    }
