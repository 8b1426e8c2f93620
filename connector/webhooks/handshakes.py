"""What providers ask of an address before they send events to it. A closed list.

echo_query        GET ?challenge=x is answered with x (Dropbox)
validation_token  ?validationToken=x is answered with x (Microsoft)
echo_challenge    a signed {"challenge": x} is answered with the same (Slack)
intent_to_receive the ordinary answers are the proof: 200 if signed well, else 401 (Xero)
"""

import re
from collections.abc import Mapping
from typing import Any

SUPPORTED = frozenset(
    {"none", "echo_query", "validation_token", "echo_challenge", "intent_to_receive"}
)

_PARAMETER = {"echo_query": ("GET", "challenge"), "validation_token": ("POST", "validationToken")}
_TOKEN = re.compile(r"[ -~]{1,2000}\Z", re.ASCII)


def unsigned(handshake: str, method: str, query: Mapping[str, str]) -> str | None:
    """What to echo as plain text before anything can be signed, or None."""
    wanted, name = _PARAMETER.get(handshake, ("", ""))
    token = query.get(name, "") if method == wanted else ""
    return token if _TOKEN.match(token) else None


def signed(handshake: str, value: Any) -> str | None:
    """The challenge to give back of a verified body, or None if it holds none."""
    if handshake != "echo_challenge" or not isinstance(value, dict) or "event" in value:
        return None
    challenge = value.get("challenge")
    return challenge if isinstance(challenge, str) and _TOKEN.match(challenge) else None
