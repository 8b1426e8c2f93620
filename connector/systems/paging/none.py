"""One page is all."""

from typing import Any

from connector.systems.classify import Answer
from connector.systems.spec_objects import Pages


def first(pages: Pages) -> dict[str, Any]:
    return {}


def names(pages: Pages, state: dict[str, Any]) -> dict[str, Any]:
    return {}


def after(pages: Pages, state: dict[str, Any], answer: Answer, records: list[Any]) -> None:
    return None
