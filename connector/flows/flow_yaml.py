"""Flows as code: files to a `Document` and back to one canonical text.

A folder counts as one text; a slug that stands twice is an error. Files that others name (the YAML
of a system, the CSV of a value map) are read with them and are no documents of their own.
"""

from collections.abc import Mapping
from typing import Any

from connector.flows.documents import (
    ConnectionDecl,
    Document,
    EndpointDecl,
    FlowDecl,
    SecretRef,
    SystemDecl,
    ValueMapDecl,
)
from connector.flows.flow_export import export
from connector.flows.flow_files import DocumentError, FileProblem, Files, Node
from connector.flows.mapping.value_maps import (
    Entry,
    MapShape,
    ValueMapError,
    read_csv,
    value_map,
)
from connector.flows.yaml_writer import dump

__all__ = ["DocumentError", "FileProblem", "dump", "export", "parse"]


def parse(texts: Mapping[str, str]) -> Document:
    """Read all files of a folder, by name: documents, and the files that they name.

    Raises:
        DocumentError: with file, line and path of every mistake. A secret that stands in a file
            as plain text is refused without being repeated.
    """
    files = Files(texts)
    files.read()
    nodes = files.nodes
    document = Document(
        systems={
            slug: SystemDecl(
                slug,
                node.body["file"],
                files.named(node, "systems", "file"),
                node.origin,
                _was(node),
            )
            for slug, node in nodes["systems"].items()
        },
        connections={slug: _connection(node) for slug, node in nodes["connections"].items()},
        value_maps={slug: _value_map(node, files) for slug, node in nodes["value_maps"].items()},
        flows={slug: _flow(node) for slug, node in nodes["flows"].items()},
        endpoints={slug: _endpoint(node) for slug, node in nodes["endpoints"].items()},
    )
    if files.problems:
        raise DocumentError(files.problems)
    return document


def _was(node: Node) -> str:
    return str(node.body.get("was", ""))


def _secrets(body: Mapping[str, Any]) -> dict[str, SecretRef]:
    return {
        name: SecretRef(kind, "" if kind == "unset" else value)
        for name, reference in body.get("secrets", {}).items()
        for kind, value in reference.items()
    }


def _connection(node: Node) -> ConnectionDecl:
    body = node.body
    return ConnectionDecl(
        node.slug,
        body["title"],
        body["system"],
        node.origin,
        body.get("settings", {}),
        _secrets(body),
        body.get("limits", {}),
        _was(node),
    )


def _flow(node: Node) -> FlowDecl:
    body = node.body
    return FlowDecl(
        node.slug,
        body["title"],
        body.get("enabled", True),
        body["source"],
        body["destination"],
        body["mapping"],
        node.origin,
        body.get("trigger", {}),
        body.get("policies", {}),
        _was(node),
    )


def _endpoint(node: Node) -> EndpointDecl:
    body = node.body
    return EndpointDecl(
        node.slug,
        body["title"],
        body["connection"],
        tuple(body["events"]),
        _secrets(body),
        node.origin,
        _was(node),
    )


def _value_map(node: Node, files: Files) -> ValueMapDecl:
    body = node.body
    shape, entries = MapShape(tuple(body["keys"])), []
    try:
        shape = _shape(body)
        entries = _entries(node, shape, files)
        value_map(shape, entries)
    except ValueMapError as error:
        files.note_at(node, "value_maps", "csv" if "csv" in body else "entries", str(error))
    return ValueMapDecl(
        node.slug, shape, tuple(entries), node.origin, body.get("csv", ""), _was(node)
    )


def _shape(body: Mapping[str, Any]) -> MapShape:
    kind = body.get("value", "text")
    unknown: Any = body.get("unknown", "hold")
    default = None
    if isinstance(unknown, dict) and unknown.keys() == {"default"}:
        unknown, default = "default", unknown["default"]
        if not _is_entry(default, kind):
            raise ValueMapError(f"the default must be of type {kind}")
    elif unknown not in ("hold", "pass"):
        raise ValueMapError("unknown must be hold, pass or {default: value}")
    if len(body["keys"]) > 3:
        raise ValueMapError("a value map has 1 to 3 keys")
    ignore = body.get("ignore_case", False)
    return MapShape(tuple(body["keys"]), kind, unknown, default, ignore, body["title"])


def _entries(node: Node, shape: MapShape, files: Files) -> list[tuple[tuple[str, ...], Entry]]:
    body = node.body
    if ("csv" in body) == ("entries" in body):
        raise ValueMapError("a value map has either entries or csv")
    if "csv" in body:
        text = files.named(node, "value_maps", "csv")
        return read_csv(text, shape) if text else []
    if len(shape.keys) > 1:
        raise ValueMapError("a map with several keys has its entries in a CSV file")
    for value in body["entries"].values():
        if not _is_entry(value, shape.value):
            raise ValueMapError(f"every value must be of type {shape.value}; put codes in quotes")
    return [((key,), value) for key, value in body["entries"].items()]


def _is_entry(value: object, kind: str) -> bool:
    wanted = int if kind == "integer" else str
    return isinstance(value, wanted) and not isinstance(value, bool)
