"""What is in the box, as the document that would make it so."""

from typing import Any

from connector.flows import connections, definition
from connector.flows.compiled import entries_of, shape_of
from connector.flows.documents import (
    ConnectionDecl,
    Document,
    FlowDecl,
    Origin,
    SecretRef,
    SystemDecl,
    ValueMapDecl,
)
from connector.flows.models import Connection, Flow, ValueMap, Version
from connector.systems import registry
from connector.systems.models import UploadedSystem

_HERE = Origin("box", 0)


def document() -> Document:
    """Systems of one's own, connections, value maps and flows. Webhooks adds the endpoints."""
    return Document(
        systems={row.name: _system(row) for row in UploadedSystem.objects.order_by("name")},
        connections={
            row.slug: _connection(row)
            for row in Connection.objects.filter(archived_at=None).order_by("slug")
        },
        value_maps={
            row.slug: _value_map(row)
            for row in ValueMap.objects.filter(archived_at=None)
            .select_related("current")
            .order_by("slug")
        },
        flows={
            row.slug: _flow(row, row.current)
            for row in Flow.objects.filter(archived_at=None)
            .select_related("current__source", "current__destination")
            .order_by("slug")
            if row.current
        },
    )


def files(whole: Document) -> dict[str, str]:
    """The files that a document names, by name: systems, and value maps with several keys."""
    named = {row.file: row.text for row in whole.systems.values()}
    for row in whole.value_maps.values():
        if row.csv:
            named[row.csv] = _csv(row)
    return named


def reference(stored: dict[str, str] | None) -> SecretRef:
    """How a file says where a secret comes from; "unset" if it was typed in the console."""
    if not stored:
        return SecretRef("unset")
    ((kind, name),) = stored.items()
    return SecretRef("env" if kind == "env" else "file", name)


def _system(row: UploadedSystem) -> SystemDecl:
    return SystemDecl(row.name, f"{row.name}.yaml", row.text, _HERE)


def _connection(row: Connection) -> ConnectionDecl:
    spec = registry.get(row.system)
    secrets = {}
    if row.credential_id:
        secrets = {
            field.name: reference(row.secret_references.get(field.name))
            for field in spec.credential
            if field.required or field.name in row.secret_references
        }
    return ConnectionDecl(
        row.slug, row.title, row.system, _HERE, connections.settings_of(row), secrets
    )


def _value_map(row: ValueMap) -> ValueMapDecl:
    shape = shape_of(row)
    entries = tuple(entries_of(row.current)) if row.current else ()
    csv = f"{row.slug}.csv" if len(shape.keys) > 1 else ""
    return ValueMapDecl(row.slug, shape, entries, _HERE, csv)


def _flow(row: Flow, version: Version) -> FlowDecl:
    said = definition.of(version)
    source: dict[str, Any] = {"connection": version.source.slug, "stream": version.stream}
    if said.params:
        source["params"] = dict(said.params)
    return FlowDecl(
        row.slug,
        row.title,
        row.enabled,
        source,
        {"connection": version.destination.slug, "object": version.object},
        dict(said.mapping),
        _HERE,
        dict(said.trigger),
        dict(said.policies),
    )


def _csv(row: ValueMapDecl) -> str:
    lines = [",".join([*row.shape.keys, "value"])]
    lines += [",".join([*map(_cell, key), _cell(value)]) for key, value in row.entries]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    text = str(value)
    if any(mark in text for mark in ',;"\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
