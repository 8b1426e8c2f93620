"""Pages by a token, where the first request and the later ones are not alike."""

from typing import Any

from connector.systems.paging import cursor
from connector.systems.spec_objects import Merge, Pages

first, names, after = cursor.first, cursor.names, cursor.after


def added(pages: Pages, state: dict[str, Any]) -> Merge:
    """What is merged into this request."""
    return pages.later if "token" in state else pages.first
