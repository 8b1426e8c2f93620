"""The type of what a path reads, in a typed stream. Untyped is `any`, and so is what is hard."""

import difflib
from collections.abc import Iterable

from connector.flows.mapping.paths import Node
from connector.flows.mapping.types import ANY, FieldType, Kind, list_of


class UnknownFieldError(Exception):
    """The stream has no such field; the text may say what was meant."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        close = difflib.get_close_matches(name, list(known), 1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        super().__init__(f'There is no field "{name}"{hint}')


def type_of(node: Node | None, base: FieldType) -> FieldType:
    """The type that `node` gives when it is asked of `base`. Raises UnknownFieldError."""
    if node is None or base.kind is Kind.ANY:
        return base
    children = node.get("children", [])
    match node["type"]:
        case "identity" | "current":
            return base
        case "field":
            return _field(node["value"], base)
        case "subexpression" | "pipe" | "index_expression":
            for child in children:
                base = type_of(child, base)
            return base
        case "index":
            return item_of(base)
        case "projection" if children[0]["type"] == "flatten":
            source = type_of(children[0]["children"][0], base)
            return list_of(type_of(children[1], item_of(source)))
        case "filter_projection":
            source = type_of(children[0], base)
            type_of(children[2], item_of(source))
            return list_of(type_of(children[1], item_of(source)))
        case "multi_select_list":
            types = [type_of(child, base) for child in children]
            return list_of(types[0] if all(each == types[0] for each in types) else ANY)
        case "comparator" | "and_expression" | "or_expression" | "not_expression":
            for child in children:
                type_of(child, base)
    return ANY


def item_of(listed: FieldType) -> FieldType:
    """The type of one element of a list."""
    if listed.kind is not Kind.LIST:
        return ANY
    if listed.item is not None:
        return listed.item
    return FieldType(Kind.OBJECT, fields=listed.fields) if listed.fields else ANY


def _field(name: str, base: FieldType) -> FieldType:
    if base.kind is Kind.OBJECT:
        if not base.fields:
            return ANY
        if name in base.fields:
            return base.fields[name]
    raise UnknownFieldError(name, base.fields)


def head(node: Node | None) -> str:
    """The first field that a path asks for; "" if it begins otherwise."""
    while node is not None:
        if node["type"] == "field":
            return str(node["value"])
        children = node.get("children", [])
        node = children[0] if children and isinstance(children[0], dict) else None
    return ""
