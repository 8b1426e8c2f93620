"""The shape of a description: JSON Schema, with every refusal worded for a person.

`catalogue/schema.json` carries the words where the raw ones would not help, as "say".
"""

import difflib
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

FILE = Path(__file__).parent / "catalogue" / "schema.json"

Where = tuple[str | int, ...]


@cache
def schema() -> dict[str, Any]:
    """The schema as it stands in the catalogue."""
    loaded = json.loads(FILE.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def problems(document: Any) -> Iterator[tuple[Where, str]]:
    """Each place where the shape is wrong, and what would be right."""
    for error in _validator().iter_errors(document):
        yield from _worded(error)


@cache
def _validator() -> Any:
    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "number", lambda _, value: isinstance(value, int | Decimal) and not isinstance(value, bool)
    )
    validator: Any = extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, {"pattern": _pattern}, type_checker=types
    )
    return validator(schema())


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """As always, but `$` is the end: not also the place before a last line break."""
    whole = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    if isinstance(value, str) and not re.search(whole, value):
        yield ValidationError("has not the right form")


def _worded(error: Any) -> Iterator[tuple[Where, str]]:
    path = tuple(error.absolute_path)
    said = error.schema.get("say") if isinstance(error.schema, dict) else None
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        for key in _unknown(error):
            yield (*path, key), f'unknown key "{key}"' + _near(key, error.schema["properties"])
    elif said and error.validator != "type":
        yield path, said
    else:
        yield path, _text(error)


def _unknown(error: Any) -> list[str]:
    patterns = error.schema.get("patternProperties", {})
    known = error.schema.get("properties", {})
    return [
        key
        for key in error.instance
        if key not in known and not any(re.search(pattern, key) for pattern in patterns)
    ]


def _text(error: Any) -> str:
    value, wanted, shown = error.instance, error.validator_value, _shown(error.instance)
    match error.validator:
        case "required":
            missing = [f'"{key}"' for key in wanted if key not in value]
            return f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        case "dependentRequired":
            return _dependent(value, wanted)
        case "enum":
            choices = [str(choice) for choice in wanted]
            return f"{shown} is not one of " + ", ".join(choices) + _near(str(value), choices)
        case "const":
            return f"must be {_shown(wanted)}, is {shown}"
        case "type":
            return f"must be {_kinds(wanted)}, is {shown}"
        case "minimum" | "maximum":
            return f"must be {_range(error.schema)}, is {shown}"
        case "minLength":
            return "must not be empty"
        case "maxLength":
            return f"must have at most {wanted} characters"
        case "minItems" | "minProperties":
            return f"needs at least {wanted}"
        case "maxItems" | "maxProperties":
            return f"may hold at most {wanted}"
        case "uniqueItems":
            return "holds the same thing twice"
        case "anyOf":
            ways = [" and ".join(f'"{key}"' for key in way.get("required", ())) for way in wanted]
            return "needs " + " or ".join(way for way in ways if way)
        case "pattern":
            return f"{shown} has not the right form"
        case _:
            return "not allowed here"


def _dependent(value: dict[str, Any], wanted: dict[str, list[str]]) -> str:
    needs = [
        f'"{key}" needs "{other}"'
        for key, others in wanted.items()
        for other in others
        if key in value and other not in value
    ]
    return ", ".join(needs)


def _kinds(wanted: str | list[str]) -> str:
    words = {
        "object": "a map",
        "array": "a list",
        "string": "a text",
        "integer": "a whole number",
        "boolean": "true or false",
        "null": "empty",
    }
    return " or ".join(words[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted))


def _range(rule: dict[str, Any]) -> str:
    if "minimum" in rule and "maximum" in rule:
        return f"{rule['minimum']} to {rule['maximum']}"
    return f"at least {rule['minimum']}" if "minimum" in rule else f"at most {rule['maximum']}"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f'"{value[:60]}"'
    if value is None:
        return "empty"
    return str(value).lower()[:60] if isinstance(value, bool) else str(value)[:60]


def _near(key: str, known: Any) -> str:
    near = difflib.get_close_matches(key, list(known), 1, 0.7)
    return f'; did you mean "{near[0]}"?' if near else ""
