"""One call for a page of a stream or of its changes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connector.systems.call import Caller
from connector.systems.classify import Answer, Trouble
from connector.systems.paging import turn
from connector.systems.reading.marks import Marks
from connector.systems.spec_objects import Cursor, Pages
from connector.systems.spec_request import Request
from connector.systems.wire import dates


def fetch(
    caller: Caller,
    request: Request,
    pages: Pages,
    cursor: Cursor | None,
    at: Mapping[str, Any],
    *,
    about: str,
) -> Answer | None:
    """One call for a page; None if a rule says that there is nothing. Raises SystemFailure."""
    context = caller.context
    bounds: dict[str, Any] = {}
    if cursor is not None:
        bounds["until"] = dates.read_datetime(at["until"], context.zone)
        since = Marks(cursor, context.zone).begin(at["since"])
        if since is not None:
            bounds["from"] = since
    names = {"cursor": bounds, "page": turn.names(pages, at["pages"])}
    answer = caller.ask(
        request,
        context.scope(names),
        "read",
        about=about,
        extra=turn.added(pages, at["pages"]),
        url=turn.url(at["pages"]),
    )
    if isinstance(answer, Trouble):
        if answer.kind != "missing":
            raise answer.failure()
        if not answer.by_rule:
            raise replace(answer, kind="config").failure()
        return None
    return answer
