"""From a request of the description to what is sent, but for signing in. Pure.

Encoding is by place: a path segment, a query value, a header, a body made of values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from connector.systems.errors import Kind, SystemFailure
from connector.systems.hosts import Target
from connector.systems.scope import Scope
from connector.systems.spec_objects import Merge
from connector.systems.spec_request import Headers, Query, Request
from connector.systems.template import DROP, render_text
from connector.systems.wire import forms, jsontext

_BREAKS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOTHING = Merge()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One call. `target` is added to the URL named `base`; `url`, if there, is the whole place."""

    method: str
    base: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None = field(default=None, repr=False)
    answer: Literal["json", "none", "text", "token"] = "json"
    reads: bool = False
    url: Target | None = None


def render(
    request: Request, scope: Scope, *, common: Headers | None = None, extra: Merge = _NOTHING
) -> Outgoing:
    """Fill a request in.

    Args:
        common: the system's own headers; the request's go over them.
        extra: what a bookmark pager adds to query and body.

    Raises:
        SystemFailure: refused for what a record lacks or holds, config for everything else.
    """
    pairs = [*query_pairs(request.query, scope), *query_pairs(extra.query, scope)]
    content_type, body = _body(request, scope, extra)
    headers = {"Accept": "application/json"} if request.answer == "json" else {}
    if content_type:
        headers["Content-Type"] = content_type
    for templates in (common, request.headers):
        headers = laid_over(headers, header_values(templates or {}, scope))
    return Outgoing(
        method=request.method,
        base=request.base,
        target=render_text(request.path, scope, segment) + query_text(pairs),
        headers=headers,
        body=body,
        answer=request.answer,
        reads=request.repeatable,
    )


def segment(value: str) -> str:
    """A value inside a path. Raises SystemFailure (refused) if it would lead elsewhere."""
    if value in ("", ".", ".."):
        raise SystemFailure(Kind.REFUSED, f'"{value}" can\'t stand in the address of a call.')
    return quote(value, safe="")


def query_pairs(query: Query, scope: Scope) -> list[tuple[str, str]]:
    """Names and values in order; dropped ones are left out, lists repeat the name."""
    pairs = []
    for name, templates in query.items():
        for template in templates if isinstance(templates, tuple) else (templates,):
            value = render_text(template, scope)
            if value is not DROP:
                pairs.append((name, value))
    return pairs


def query_text(pairs: list[tuple[str, str]]) -> str:
    """`?a=1&b=2`, or nothing."""
    if not pairs:
        return ""
    encoded = (f"{quote(name, safe='$[]')}={quote(text, safe='')}" for name, text in pairs)
    return "?" + "&".join(encoded)


def header_values(headers: Headers, scope: Scope) -> dict[str, str]:
    """Raises SystemFailure (refused) for a value that can't stand in a header."""
    out = {}
    for name, template in headers.items():
        value = render_text(template, scope)
        if value is DROP:
            continue
        if _BREAKS.search(value) or not value.isascii():
            raise SystemFailure(
                Kind.REFUSED,
                f'The header "{name}" can\'t hold line breaks or letters outside ASCII.',
            )
        out[name] = value
    return out


def laid_over(under: dict[str, str], over: dict[str, str]) -> dict[str, str]:
    """Headers over others, whatever the case of their names."""
    if not over:
        return under
    names = {name.lower() for name in over}
    return {name: value for name, value in under.items() if name.lower() not in names} | over


def merged(under: Any, over: Any) -> Any:
    """Two bodies as one: objects are laid over each other, anything else replaces."""
    if not (isinstance(under, dict) and isinstance(over, dict)):
        return under if over is None else over
    return under | {key: merged(under.get(key), value) for key, value in over.items()}


def json_body(value: Any) -> bytes:
    """Raises SystemFailure (refused) for a value that has no exact JSON form."""
    try:
        return jsontext.encode(value)
    except (TypeError, ValueError) as error:
        raise SystemFailure(Kind.REFUSED, f"The body can't be written as JSON: {error}.") from None


def _body(request: Request, scope: Scope, extra: Merge) -> tuple[str, bytes | None]:
    if request.graphql is not None:
        variables = request.variables.make(scope) if request.variables else {}
        value = {"query": request.graphql, "variables": {} if variables is DROP else variables}
        return "application/json", json_body(value)
    source = request.form or request.body
    made = source.make(scope) if source else None
    added = extra.body.make(scope) if extra.body else None
    value = merged(None if made is DROP else made, None if added is DROP else added)
    if value is None:
        return "", None
    if not request.form:
        return "application/json", json_body(value)
    try:
        return "application/x-www-form-urlencoded", forms.encode(value, scope.wire.form_lists)
    except (TypeError, ValueError, AttributeError) as error:
        raise SystemFailure(Kind.REFUSED, f"The body can't be sent as a form: {error}.") from None
