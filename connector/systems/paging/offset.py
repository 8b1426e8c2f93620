"""Pages by the number of the first record."""

from typing import Any

from connector.systems.classify import Answer
from connector.systems.paging.stop import ended
from connector.systems.spec_objects import Pages


def first(pages: Pages) -> dict[str, Any]:
    return {"offset": pages.start}


def names(pages: Pages, state: dict[str, Any]) -> dict[str, Any]:
    """`page.end` is the number of the last record wanted."""
    return {"offset": state["offset"], "end": state["offset"] + pages.size - 1}


def after(
    pages: Pages, state: dict[str, Any], answer: Answer, records: list[Any]
) -> dict[str, Any] | None:
    """Goes on behind what came, also if that was less than asked for: nothing is skipped."""
    following = state["offset"] + (len(records) or pages.size)
    if ended(pages, answer, len(records), read=following - pages.start):
        return None
    return {"offset": following}
