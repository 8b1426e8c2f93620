"""Encoding by place: what a rendered value becomes in a path, a query or a header.

The author of a description never encodes; a record's value can't leave the place it was put in.
"""

from typing import Any
from urllib.parse import quote

from connector.systems.errors import Kind, SystemFailure
from connector.systems.pipes import text
from connector.systems.scope import Scope
from connector.systems.spec_request import Headers, Query
from connector.systems.template import DROP, Template, render, render_text

_DOTS = ("", ".", "..")
_UNFIT = ("\r", "\n", "\0")


def path(template: Template, scope: Scope) -> str:
    """The path with each value percent-encoded, also its `/`.

    Raises SystemFailure (refused) where a value or a whole segment is empty, `.` or `..`.
    """
    made = render_text(template, scope, _segment)
    if not isinstance(made, str):
        raise SystemFailure(Kind.CONFIG, f"A part of the address of {scope.system} is missing.")
    if any(segment in (".", "..") for segment in made.split("/")):
        raise _not_an_address()
    return made


def query(templates: Query, scope: Scope) -> str:
    """The query, encoded, without `?`; optional parameters that are missing are left out."""
    pairs = (
        (key, item)
        for key, wanted in templates.items()
        for one in (wanted if isinstance(wanted, tuple) else (wanted,))
        for item in _items(render(one, scope), key)
    )
    return "&".join(f"{quote(key, safe='')}={quote(item, safe='')}" for key, item in pairs)


def headers(templates: Headers, scope: Scope) -> dict[str, str]:
    """The headers; optional ones that are missing are left out.

    Raises SystemFailure for a value with a line break or NUL, or outside of Latin-1.
    """
    made = {name: render(template, scope) for name, template in templates.items()}
    return {name: _header(value, name) for name, value in made.items() if value is not DROP}


def _segment(value: str) -> str:
    if value in _DOTS:
        raise _not_an_address()
    return quote(value, safe="")


def _items(value: Any, key: str) -> list[str]:
    if value is DROP:
        return []
    try:
        return [text(item) for item in value] if isinstance(value, list) else [text(value)]
    except ValueError:
        message = f'The parameter "{key}" is an object, which an address can\'t hold.'
        raise SystemFailure(Kind.REFUSED, message) from None


def _header(value: Any, name: str) -> str:
    try:
        made = text(value)
        made.encode("latin-1")
    except (ValueError, UnicodeEncodeError):
        message = f'The value for the header "{name}" can\'t stand in a header.'
        raise SystemFailure(Kind.REFUSED, message) from None
    if any(mark in made for mark in _UNFIT):
        raise SystemFailure(Kind.REFUSED, f'The value for the header "{name}" has a line break.')
    return made


def _not_an_address() -> SystemFailure:
    text = "A value that is empty or made of dots only can't be part of an address."
    return SystemFailure(Kind.REFUSED, text)
