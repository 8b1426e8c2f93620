"""Pages by the whole address of the next one, which stands in the answer."""

from typing import Any

from connector.systems import path
from connector.systems.classify import Answer
from connector.systems.spec_objects import Pages


def first(pages: Pages) -> dict[str, Any]:
    return {}


def names(pages: Pages, state: dict[str, Any]) -> dict[str, Any]:
    return {}


def after(
    pages: Pages, state: dict[str, Any], answer: Answer, records: list[Any]
) -> dict[str, Any] | None:
    """The address is taken as it is; its host is checked before it is called."""
    source = pages.next if isinstance(pages.next, path.Header | tuple) else ()
    url = path.take(source, answer.body, answer.headers)
    return {"url": url} if isinstance(url, str) and url else None
