"""Every address of the box, with the rule that stands on it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver

from connector.console.access import SAFE, WHO

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
NOBODY = "nobody"
INSIDE = "a token of a service"
OWN_PROOF = {"hook": "a delivery is proved by its signature"}
GIVEN = {
    "slug": "bills",
    "flow": "bills",
    "cause": "0" * 32,
    "system": "ledger_books",
    "pk": "1",
    "object_id": "1",
    "content_type_id": "1",
    "token": "x" * 43,
    "path": "x" * 22,
    "provider_id": "sso",
    "app_label": "audit",
    "url": "anything",
}


@dataclass(frozen=True, slots=True)
class Address:
    """One address. `site` is page, api, internal or auditors; `rule` is None where there is none.

    A rule names the ability of each method; "" stands for open to everybody. `confirm`: it asks
    first whether it is still they.
    """

    path: str
    name: str
    site: str
    rule: Mapping[str, str] | None
    confirm: bool

    def may(self, role: str, method: str) -> bool:
        """What the table says."""
        ability = (self.rule or {}).get(method)
        return ability == "" or role in WHO.get(ability or "", ())


def addresses() -> list[Address]:
    """All of them, found by walking the resolver: a new one can't be forgotten."""
    return list(_below(get_resolver(), "/", ""))


def _below(resolver: URLResolver, prefix: str, space: str) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern).removeprefix("^").removesuffix("$")
        if isinstance(entry, URLResolver):
            yield from _below(entry, route, entry.namespace or space)
        else:
            yield Address(
                _filled(route),
                str(entry.name),
                space or "page",
                _rule(entry, space),
                getattr(entry.callback, "confirm", False),
            )


def _rule(pattern: URLPattern, space: str) -> Mapping[str, str] | None:
    view: Any = pattern.callback
    if space == "auditors":
        return dict.fromkeys(METHODS, "box.inspect")
    if getattr(view, "open_because", "") or pattern.name in OWN_PROOF:
        return dict.fromkeys(METHODS, "")
    if hasattr(view, "internal"):
        return {"GET": INSIDE}
    if hasattr(view, "ability"):
        return {one: view.ability if one in SAFE else view.sending for one in METHODS}
    abilities: Mapping[str, str] | None = getattr(getattr(view, "cls", None), "abilities", None)
    if abilities is not None and "GET" in abilities:
        return {**abilities, "HEAD": abilities["GET"]}
    return abilities


def _filled(route: str) -> str:
    route = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda found: GIVEN.get(found[1], "x"), route)
    route = re.sub(r"<uuid:\w+>", str(UUID(int=1)), route)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: GIVEN.get(found[1], "x"), route)
