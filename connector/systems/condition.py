"""Conditions on an answer, a record or an event. Plain comparisons only."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from connector.systems import path
from connector.systems.path import MISSING, Path

Scalar: TypeAlias = str | int | bool


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some element of a list has this value at this place."""

    at: Path
    is_: Scalar


@dataclass(frozen=True, slots=True)
class Condition:
    """One place (`at` or `header`) and one test.

    `exists` means: there, and not null. In `webhooks.account` and `check.expect`, `is_` may be a
    template; `template.settle` puts its value in before `holds` is asked. `is_secret` is for the
    receiver, which compares in constant time; `holds` refuses it.
    """

    at: Path | None = None
    header: str | None = None
    is_: Scalar | None = None
    in_: tuple[Scalar, ...] | None = None
    exists: bool | None = None
    starts: str | None = None
    contains: str | None = None
    any: AnyOf | None = None
    is_secret: bool = False


def holds(condition: Condition, body: object, headers: Mapping[str, str] | None = None) -> bool:
    """Whether the condition is true of a body (or record) and its headers."""
    if condition.is_secret:
        raise ValueError("is_secret is compared by the receiver")
    if condition.header is not None:
        found = path.header(headers or {}, condition.header)
    else:
        found = path.find(body, condition.at or ())
    if condition.exists is not None:
        return (found is not MISSING and found is not None) is condition.exists
    if condition.is_ is not None:
        return same(found, condition.is_)
    if condition.in_ is not None:
        return any(same(found, value) for value in condition.in_)
    if condition.any is not None:
        wanted = condition.any
        items = found if isinstance(found, list) else ()
        return any(same(path.find(item, wanted.at), wanted.is_) for item in items)
    if not isinstance(found, str):
        return False
    if condition.starts is not None:
        return found.startswith(condition.starts)
    return condition.contains is not None and condition.contains in found


def all_hold(
    conditions: tuple[Condition, ...], body: object, headers: Mapping[str, str] | None = None
) -> bool:
    """Whether every condition is true; true if there is none."""
    return all(holds(condition, body, headers) for condition in conditions)


def same(found: object, wanted: Scalar) -> bool:
    """Equal, and of the same kind: true is not 1, "5" is not 5; 5 and 5.0 are the same number."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(wanted, int):
        return isinstance(found, int | Decimal) and found == wanted
    return isinstance(found, str) and found == wanted
