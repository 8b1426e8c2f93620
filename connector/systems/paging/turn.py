"""Turning pages: the way of the description, and a guard against turning in a circle. Pure."""

from types import ModuleType
from typing import Any

from connector.crypto import mac
from connector.systems.classify import Answer
from connector.systems.errors import Kind, SystemFailure
from connector.systems.paging import (
    bookmark,
    cursor,
    graphql,
    link_header,
    next_url,
    none,
    offset,
    page,
)
from connector.systems.path import MISSING, find
from connector.systems.spec_objects import Merge, Pages
from connector.systems.wire import jsontext

_WAYS: dict[str, ModuleType] = {
    "none": none,
    "offset": offset,
    "page": page,
    "cursor": cursor,
    "bookmark": bookmark,
    "next_url": next_url,
    "link_header": link_header,
    "graphql": graphql,
}
_NOTHING = Merge()


def first(pages: Pages) -> dict[str, Any]:
    """Where reading begins. A state is plain JSON and stays small."""
    at = _WAYS[pages.type].first(pages)
    return {"way": pages.type, "at": at, "count": 1, "print": "", "old": "", "last": ""}


def fits(pages: Pages, state: dict[str, Any]) -> bool:
    """Whether a state is of this way of paging; a description may change between two pages."""
    return bool(state["way"] == pages.type)


def names(pages: Pages, state: dict[str, Any]) -> dict[str, Any]:
    """What templates see as `page.*`."""
    last = {"last": state["last"]} if state["last"] else {}
    return {"size": pages.size, **last, **_WAYS[pages.type].names(pages, state["at"])}


def added(pages: Pages, state: dict[str, Any]) -> Merge:
    """What this page's request has that others have not."""
    return bookmark.added(pages, state["at"]) if pages.type == "bookmark" else _NOTHING


def url(state: dict[str, Any]) -> str:
    """The whole address of this page, where the last answer gave one."""
    return str(state["at"].get("url", ""))


def after(
    pages: Pages,
    state: dict[str, Any],
    answer: Answer,
    records: list[Any],
    *,
    title: str,
    key: tuple[str | int, ...] = (),
) -> dict[str, Any] | None:
    """Where to go on, or None at the end.

    Args:
        key: where the id of a record lies, for `page.last`.

    Raises:
        SystemFailure: transient if the pages don't get on: the same place or page again, or too
            many; config if the answer lacks what paging needs.
    """
    at = _WAYS[pages.type].after(pages, state["at"], answer, records)
    if at is None:
        return None
    seen = _print(records)
    place = _print(at)
    if at == state["at"] or place == state["old"] or (records and seen == state["print"]):
        raise SystemFailure(Kind.TRANSIENT, f"{title} answered the same page twice.")
    count = state["count"] + 1
    if count > pages.most:
        raise SystemFailure(Kind.TRANSIENT, f"{title} answered more than {pages.most} pages.")
    last = find(records[-1], key) if records and key else MISSING
    return {
        "way": pages.type,
        "at": at,
        "count": count,
        "print": seen,
        # A circle of any length is met after some turns: the place remembered moves on at
        # each power of two (R. P. Brent, 1980).
        "old": place if count & (count - 1) == 0 else state["old"],
        "last": last if isinstance(last, str | int) else state["last"],
    }


def _print(value: Any) -> str:
    return mac.sha256(jsontext.encode(value)).hex()[:16]
