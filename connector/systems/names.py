"""Which names a template may see, by the place in which it stands. Closed lists."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from connector.systems.template import Slot

Where = Sequence[str | int]

_WORD = r"\.[a-z][a-z0-9_]*"
_LOOP = rf"(?:{_WORD})?"
_COMMON = {"settings": _WORD, "now": ""}
_PAGE = {"page": r"\.(?:number|offset|end|size|token|last)"}
_LOOPS = dict.fromkeys(("line", "tax", "item", "part"), _LOOP)
_AUTH = {**_COMMON, "credential": rf"{_WORD}(?:\.[A-Za-z0-9_]+)?", "auth": _WORD}

PLACES: Mapping[str, Mapping[str, str]] = {
    "fixed": _COMMON,
    "url": {**_COMMON, "auth": _WORD},
    "auth": _AUTH,
    "hmac": {**_AUTH, "call": r"\.(?:method|path|query|body|body_sha256)"},
    "read": {**_COMMON, "cursor": r"\.(?:from|until)", **_PAGE},
    "one": {**_COMMON, "id": ""},
    "acknowledge": {
        **_COMMON,
        "batch": "",
        "key": "",
        **dict.fromkeys(_LOOPS, r"\.(?:id|remote_id|ok|message)"),
    },
    "write": {
        **_COMMON,
        "record": _WORD,
        **_LOOPS,
        "id": "",
        "remote": _WORD,
        "key": "",
        "external_id": "",
    },
    "find": {**_COMMON, "record": _WORD, "external_id": "", **_PAGE},
    "hook": {**_COMMON, "hook": r"\.(?:url|id|secret|expires|key|type|etag)"},
}
LOOPS = tuple(_LOOPS)


def place(path: Where, document: Mapping[str, Any]) -> str:
    """The place of a path, as one of PLACES, or "" where no template may stand."""
    top = path[0] if path else ""
    part = path[2] if len(path) > 2 else ""
    if top in ("urls", "hosts"):
        return "url"
    if top in ("auth", "csrf"):
        if "scopes" in path:
            return ""
        return "hmac" if document["auth"].get("type") == "hmac" and top == "auth" else "auth"
    if top == "headers" or "account" in path[:2] or "expect" in path[:2]:
        return "fixed"
    if "request" not in path and not {"first", "later"} & set(path):
        return ""
    if top == "streams":
        return {"one": "one", "acknowledge": "acknowledge"}.get(str(part), "read")
    if top == "objects":
        return {"read": "one", "find": "find"}.get(str(part), "write")
    return "hook" if top == "webhooks" else "fixed"


def wrong(slot: Slot, where: str) -> str:
    """What is wrong with a name at this place, in words; "" if nothing is."""
    known = PLACES[where]
    root, rest = slot.name[0], "".join(f".{part}" for part in slot.name[1:])
    if root in known and re.fullmatch(known[root], rest):
        return ""
    if root == "credential":
        return '"credential" is only for auth'
    near = difflib.get_close_matches(root, known, 1)
    hint = f'; did you mean "{near[0]}"?' if near and near[0] != root else ""
    return f'unknown name "{slot.dotted}"{hint}; here: ' + ", ".join(known)
