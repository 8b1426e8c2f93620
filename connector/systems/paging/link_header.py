"""Pages by the Link header. Source: RFC 8288."""

import re
from typing import Any

from connector.systems import path
from connector.systems.classify import Answer
from connector.systems.paging import next_url
from connector.systems.spec_objects import Pages

first, names = next_url.first, next_url.names
_LINK = re.compile(r"<([^<>]{1,4000})>([^<]{0,2000})")
_REL = re.compile(r";\s{0,5}rel\s{0,5}=\s{0,5}(?:\"([^\"]{0,200})\"|([^\s;,\"]{1,200}))", re.I)


def after(
    pages: Pages, state: dict[str, Any], answer: Answer, records: list[Any]
) -> dict[str, Any] | None:
    text = path.header(answer.headers, "Link")
    url = link(text, pages.rel) if isinstance(text, str) else ""
    return {"url": url} if url else None


def link(header: str, rel: str) -> str:
    """The address with this relation in a Link header, or ""."""
    for found in _LINK.finditer(header):
        relation = _REL.search(found[2])
        if relation and rel.lower() in (relation[1] or relation[2] or "").lower().split():
            return found[1].strip()
    return ""
