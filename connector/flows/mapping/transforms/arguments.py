"""Reads one transform of a chain as written: `trim`, `{max_length: 21}`, `{pad: {width: 10}}`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connector.flows.mapping.paths import compile_path
from connector.flows.mapping.transforms import TRANSFORMS
from connector.flows.mapping.transforms.dates import zone_named
from connector.flows.mapping.transforms.declare import Arg, ArgumentError, Systems, Transform


def read_call(node: object) -> tuple[str, Mapping[str, Any]]:
    """Name and arguments of a transform, defaults filled in.

    Raises:
        ArgumentError: unknown transform or argument, an argument missing or of wrong type.
        PathError: an argument that should be a path is none.
    """
    name, given = _split(node)
    transform = TRANSFORMS.get(name)
    if transform is None:
        raise ArgumentError(f'unknown transform "{name}"')
    if given is None:
        given = {}
    elif not isinstance(given, dict):
        if not transform.short:
            raise ArgumentError(f"{name} takes no single argument")
        given = {transform.short: given}
    for key in given:
        if key not in transform.args:
            known = ", ".join(transform.args) or "none"
            raise ArgumentError(f'{name} has no argument "{key}"; arguments: {known}')
    args = {key: _read(f"{name}.{key}", arg, given, key) for key, arg in transform.args.items()}
    _try(name, transform, args)
    return name, args


def _split(node: object) -> tuple[str, Any]:
    if isinstance(node, str):
        return node, None
    if isinstance(node, dict) and len(node) == 1:
        ((name, given),) = node.items()
        return str(name), given
    raise ArgumentError("a transform is a name, or an object with one name")


def _read(where: str, arg: Arg, given: Mapping[str, Any], key: str) -> Any:
    if key not in given:
        if arg.required:
            raise ArgumentError(f"{where} is missing")
        return arg.default
    value = given[key]
    match arg.kind:
        case "text" if isinstance(value, str) and (value or not arg.required):
            if key == "fill" and len(value) != 1:
                raise ArgumentError(f"{where} is one character")
            return value
        case "integer" if isinstance(value, int) and not isinstance(value, bool):
            if (arg.low is not None and value < arg.low) or abs(value) > 100_000:
                raise ArgumentError(f"{where} is out of range")
            return value
        case "boolean" if isinstance(value, bool):
            return value
        case "scalar" if value is not None and _is_scalar(value):
            return value
        case "scalars" if isinstance(value, list) and value and all(map(_is_scalar, value)):
            return value
        case "choice" if value in arg.choices:
            return value
        case "currency" if isinstance(value, str):
            return compile_path(value)
        case "zone" if isinstance(value, str):
            zone_named(value)
            return value
        case "paths" if isinstance(value, list):
            return tuple(compile_path(each) for each in value)
    raise ArgumentError(f"{where} must be {_wanted(arg)}")


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | Decimal)


def _wanted(arg: Arg) -> str:
    return {
        "text": "a text",
        "integer": "an integer",
        "boolean": "true or false",
        "scalar": "a text, a number, true or false",
        "scalars": "a list of texts, numbers, true or false",
        "choice": "one of " + ", ".join(arg.choices),
        "currency": "a path or an ISO 4217 code",
        "zone": "a time zone such as Europe/Berlin",
        "paths": "a list of paths",
    }[arg.kind]


def _try(name: str, transform: Transform, args: Mapping[str, Any]) -> None:
    try:
        transform.make(args, Systems())
    except ArgumentError as error:
        raise ArgumentError(f"{name}: {error}") from None
