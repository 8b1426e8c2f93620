"""Pages by a token that the answer, a header or the last record gives."""

from typing import Any

from connector.systems import path
from connector.systems.classify import Answer
from connector.systems.path import MISSING
from connector.systems.spec_objects import LastRecord, Pages


def first(pages: Pages) -> dict[str, Any]:
    return {}


def names(pages: Pages, state: dict[str, Any]) -> dict[str, Any]:
    return {"token": state["token"]} if "token" in state else {}


def after(
    pages: Pages, state: dict[str, Any], answer: Answer, records: list[Any]
) -> dict[str, Any] | None:
    """Ends where the token is missing, null or empty, or where `more` is not true."""
    if pages.more is not None and path.find(answer.body, pages.more) is not True:
        return None
    if isinstance(pages.next, LastRecord):
        token = path.find(records[-1], pages.next.last) if records else MISSING
    else:
        token = path.take(pages.next or (), answer.body, answer.headers)
    if token is MISSING or token in (None, "", False):
        return None
    return {"token": token if isinstance(token, str | int) else str(token)}
