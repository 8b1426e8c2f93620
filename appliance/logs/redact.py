"""One text in, the same text out with no secret in it: by live value, by shape and by name."""

import re
from collections.abc import Mapping
from typing import Any

from appliance.logs import names, rows, shapes
from connector.crypto import live
from connector.crypto.secret import MASK

MOST_READ = 65_536  # characters that are looked at
MOST = 8_192  # characters that are written
LONGEST = 4_096  # characters of a secret
DEEPEST = 6
# Django's VariableDoesNotExist repeats all that a template was given, records included.
_GIVEN = re.compile(
    r"(?P<before>Failed lookup for key \[[^\n]{0,200}?\] in ).*?"
    r"(?=\n\n(?:During|The above)|\nTraceback|\Z)",
    re.DOTALL,
)


def text(given: str) -> str:
    """The text without secrets, and cut where it is far too long."""
    safe = names.hide(rows.hide(shapes.hide(live.hide(_not_given(given[:MOST_READ])))))
    if len(given) > MOST_READ:
        safe = safe[:-LONGEST]  # its end may be the beginning of a secret
    if len(safe) > MOST or len(given) > MOST_READ:
        return f"{safe[:MOST]}... ({len(given)} characters)"
    return safe


def _not_given(text: str) -> str:
    if "Failed lookup" not in text:
        return text
    return _GIVEN.sub(rf"\g<before>{MASK}", text)


def value(given: Any, depth: int = 0) -> Any:
    """The same for what a record carries beside its message: containers are gone through."""
    if given is None or isinstance(given, bool | int | float):
        return given
    if depth > DEEPEST:
        return MASK
    if isinstance(given, Mapping):
        return {
            text(str(name)): MASK
            if names.is_secret(str(name)) and inner is not None
            else value(inner, depth + 1)
            for name, inner in given.items()
        }
    if isinstance(given, list | tuple | set | frozenset):
        return [value(inner, depth + 1) for inner in given]
    if isinstance(given, bytes | bytearray | memoryview):
        return text(bytes(given).decode("utf-8", "backslashreplace"))
    return text(str(given))
