"""Sources and chains of rows as closures: where a value comes from, and what is done to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from connector.flows.mapping import links
from connector.flows.mapping.braces import Hole
from connector.flows.mapping.calc import Formula
from connector.flows.mapping.links import Link
from connector.flows.mapping.outcomes import Step
from connector.flows.mapping.paths import Path, Read
from connector.flows.mapping.scope import Scope
from connector.flows.mapping.shape import Call, Choose, Constant, Each, First, Source
from connector.flows.mapping.transforms.declare import Apply, Systems
from connector.flows.mapping.transforms.text import to_text


@dataclass(frozen=True, slots=True)
class ChainStep:
    name: str
    apply: Apply


def run_chain(chain: Sequence[ChainStep], value: Any, scope: Scope) -> Any:
    """Transforms left to right; null and "" pass by all of them but `default`."""
    for step in chain:
        empty = value is None or value == ""
        if empty is (step.name == "default"):
            value = step.apply(value, scope)
        _trace(scope, step.name, value)
    return value


def _trace(scope: Scope, name: str, value: object) -> None:
    if scope.steps is not None:
        scope.steps.append(Step(name, value))


def chain_of(calls: Sequence[Call], systems: Systems) -> tuple[ChainStep, ...]:
    return tuple(ChainStep(call.name, call.transform.make(call.args, systems)) for call in calls)


def reader_of(source: Source, systems: Systems) -> Read:
    match source:
        case Constant(value=value):
            return lambda scope: value
        case First(paths=(path,)):
            return path.read
        case First(paths=paths):
            return _first(paths)
        case Formula(value=number):
            return number
        case Link():
            return links.reader(source)
        case Choose():
            return _choose(source, systems)
        case Each():
            raise TypeError("a list has rows of its own")
    return _template(source.parts)


def _first(paths: tuple[Path, ...]) -> Read:
    def read(scope: Scope) -> Any:
        for path in paths:
            value = path.read(scope)
            if value is not None and value != "":
                _trace(scope, f"from {path.text}", value)
                return value
        return None

    return read


def _template(parts: tuple[str | Hole, ...]) -> Read:
    def read(scope: Scope) -> str | None:
        texts = []
        for part in parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            value = part.path.read(scope)
            if value is None or value == "":
                if not part.optional:
                    return None
                continue
            texts.append(to_text(value))
        return "".join(texts)

    return read


def _choose(source: Choose, systems: Systems) -> Read:
    arms: list[tuple[Callable[[Scope], bool] | None, Read, tuple[ChainStep, ...]]] = [
        (
            arm.when.holds if arm.when else None,
            reader_of(arm.source, systems),
            chain_of(arm.do, systems),
        )
        for arm in source.arms
    ]

    def read(scope: Scope) -> Any:
        for number, (when, value, chain) in enumerate(arms, 1):
            if when is None or when(scope):
                found = value(scope)
                _trace(scope, f"arm {number}", found)
                return run_chain(chain, found, scope)
        return None

    return read
