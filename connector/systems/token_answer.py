"""What token endpoints answer: JSON as the standard says, a form as some do, or neither. Pure."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

from connector.systems.wire import jsontext

MOST_LIFE_S = 10 * 365 * 86_400
_MOST_FIELDS = 100
# Error codes of RFC 6749 5.2 and of OpenID Connect; "bad_refresh_token" is GitHub's.
ENDED = frozenset(
    {"invalid_grant", "bad_refresh_token", "interaction_required", "consent_required"}
)
_WORDS = {
    **dict.fromkeys(ENDED, "does not accept what was granted to this box any more"),
    "invalid_client": "did not accept the client id or the client secret",
    "unauthorized_client": "does not let this client sign in this way",
    "unsupported_grant_type": "does not let anybody sign in this way",
    "invalid_scope": "does not grant one of the scopes asked for",
    "invalid_request": "did not understand the sign-in",
}
PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down"})


def read(body: bytes) -> tuple[dict[str, Any] | None, bool]:
    """The fields of an answer, and whether it is JSON or a form at all: no page, no bare text."""
    if not body.strip():
        return None, True
    try:
        value = jsontext.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except jsontext.NotJson:
        form = _form(body)
        return form, form is not None
    return (value if isinstance(value, dict) else None), True


def code(body: object) -> str:
    """The error code of an answer, if it is one that is known; nothing else of it is repeated."""
    found = body.get("error") if isinstance(body, Mapping) else None
    known = isinstance(found, str) and (found in _WORDS or found in PASSING)
    return str(found) if known else ""


def words(code: str) -> str:
    """What an error code says, to be read after the name of the system; empty if not known."""
    return _WORDS.get(code, "")


def life_s(body: Mapping[str, Any]) -> int | None:
    """`expires_in` in seconds; also as text or with a fraction. None if it says nothing of use."""
    value = body.get("expires_in")
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or number < 1:
        return None
    return int(number) if number < MOST_LIFE_S else MOST_LIFE_S


def _form(body: bytes) -> dict[str, str] | None:
    try:
        text = body.decode("ascii").strip()
        pairs = parse_qsl(text, strict_parsing=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    return None if "<" in text else dict(pairs)
