"""Pages by their number."""

from typing import Any

from connector.systems.classify import Answer
from connector.systems.paging.stop import ended
from connector.systems.spec_objects import Pages


def first(pages: Pages) -> dict[str, Any]:
    return {"number": pages.start}


def names(pages: Pages, state: dict[str, Any]) -> dict[str, Any]:
    return {"number": state["number"]}


def after(
    pages: Pages, state: dict[str, Any], answer: Answer, records: list[Any]
) -> dict[str, Any] | None:
    following = state["number"] + 1
    if ended(pages, answer, len(records), read=(following - pages.start) * pages.size):
        return None
    return {"number": following}
