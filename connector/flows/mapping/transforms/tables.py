"""Transforms by table: boolean, invert, map, default."""

from typing import Any

from connector.flows.mapping.decimals import named
from connector.flows.mapping.errors import HeldError, Reason, bad_value
from connector.flows.mapping.paths import Path
from connector.flows.mapping.scope import Scope
from connector.flows.mapping.transforms.declare import (
    Apply,
    Arg,
    Args,
    ArgumentError,
    Systems,
    Transform,
    always,
    kinds,
    plain,
)
from connector.flows.mapping.types import (
    BOOLEAN,
    TEXT,
    TEXT_LIKE,
    FieldType,
    Kind,
    of_constant,
    union,
)
from connector.flows.mapping.value_maps import ValueMapEntries, shipped


def same(value: object, constant: object) -> bool:
    """Equal and of one kind: 1 is not true, and "1" is not 1."""
    if isinstance(value, bool) or isinstance(constant, bool):
        return value is constant
    return isinstance(value, str) == isinstance(constant, str) and value == constant


def _boolean(args: Args, systems: Systems) -> Apply:
    yes, no = args["true"], args["false"]
    if any(same(a, b) for a in yes for b in no):
        raise ArgumentError("a value stands in true and in false")

    def apply(value: Any, scope: Scope) -> bool:
        if any(same(value, each) for each in yes):
            return True
        if any(same(value, each) for each in no):
            return False
        raise bad_value(f"{named(value)} is neither in true nor in false.", value)

    return apply


def _invert(value: Any) -> bool:
    if not isinstance(value, bool):
        raise bad_value(f"{named(value)} is neither true nor false; use boolean before.", value)
    return not value


def _map(args: Args, systems: Systems) -> Apply:
    name, default = args["name"], args["default"]
    others: tuple[Path, ...] = args["with"]

    def apply(value: Any, scope: Scope) -> Any:
        table = scope.maps.get(name) or shipped().get(name)
        if table is None:
            raise HeldError(Reason.NO_MAP_ENTRY, f'There is no value map "{name}".')
        # `with` names the first columns, as in keys: [company, account]; the value is the last.
        key = (*(_code(path.read(scope)) for path in others), _code(value))
        found = table.get(key)
        return _missing(table, name, key, value, default) if found is None else found

    return apply


def _missing(
    table: ValueMapEntries, name: str, key: tuple[str, ...], value: Any, default: Any
) -> Any:
    if default is not None:
        return default
    if table.shape.unknown == "pass":
        return value
    if table.shape.unknown == "default":
        return table.shape.default
    shown = ", ".join(key)
    # Folded as the table folds it, so that a new entry wakes what waits for it.
    wait_key = ":".join(("map", name, *(table.shape.fold(part) for part in key)))
    raise HeldError(
        Reason.NO_MAP_ENTRY,
        f'"{shown}" has no entry in "{table.shape.title or name}".',
        value=shown,
        wait_key=wait_key,
    )


def _code(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise bad_value(f"{named(value)} is no code: neither text nor integer.", value)
    return str(value)


def _defaulted(before: FieldType, args: Args) -> FieldType:
    return union([before, of_constant(args["value"])])


TRANSFORMS = {
    "boolean": Transform(
        frozenset(Kind) - kinds(Kind.LIST, Kind.OBJECT),
        always(BOOLEAN),
        _boolean,
        {"true": Arg("scalars", default=[True]), "false": Arg("scalars", default=[False])},
    ),
    "invert": Transform(kinds(Kind.BOOLEAN), always(BOOLEAN), plain(_invert)),
    # The type that comes out stands in the map; connector.flows.mapping.checks asks it.
    "map": Transform(
        TEXT_LIKE | kinds(Kind.INTEGER),
        always(TEXT),
        _map,
        {
            "name": Arg("text", required=True),
            "default": Arg("scalar"),
            "with": Arg("paths", default=()),
        },
        "name",
    ),
    "default": Transform(
        frozenset(Kind),
        _defaulted,
        lambda args, systems: lambda value, scope: args["value"],
        {"value": Arg("scalar", required=True)},
        "value",
    ),
}
