"""Pages of a GraphQL connection: `{hasNextPage, endCursor}`."""

from typing import Any

from connector.systems import path
from connector.systems.classify import Answer
from connector.systems.errors import Kind, SystemFailure
from connector.systems.paging import cursor
from connector.systems.spec_objects import Pages

first, names = cursor.first, cursor.names


def after(
    pages: Pages, state: dict[str, Any], answer: Answer, records: list[Any]
) -> dict[str, Any] | None:
    """Raises SystemFailure (config) if the answer does not say whether there is more."""
    info = path.find(answer.body, pages.info or ())
    if not isinstance(info, dict) or not isinstance(info.get("hasNextPage"), bool):
        raise SystemFailure(Kind.CONFIG, "An answer does not say whether there are more pages.")
    token = info.get("endCursor")
    return {"token": token} if info["hasNextPage"] and isinstance(token, str) and token else None
