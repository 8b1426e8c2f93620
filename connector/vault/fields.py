"""What may be a secret. No message repeats a value, nor says how long it is."""

import unicodedata
from collections.abc import Mapping
from datetime import date

from django.utils import timezone

from connector.crypto.secret import Secret
from connector.vault.errors import BadFields

MOST_FIELDS = 20
MOST_CHARACTERS = 20_000
LINE_BREAKS = "\n\r\t"  # keys in PEM and JSON have them
# Nobody sees them, and they come along when a secret is copied from a page: marks of direction,
# spaces without width, separators of lines. Half a pair and what could not be read are no text.
INVISIBLE = frozenset({"Cf", "Zl", "Zp"})
BROKEN = "\N{REPLACEMENT CHARACTER}"


def check(fields: Mapping[str, Secret], expires_on: date | None) -> None:
    """Refuse what can't be the fields of a credential that works until a day.

    Raises:
        BadFields: none or too many; or one that is empty, too long, or holds a control
            character, an invisible one, or one that is no character at all; or a day that
            has gone by.
    """
    check_day(expires_on)
    if not 1 <= len(fields) <= MOST_FIELDS:
        raise BadFields(f"A credential has 1 to {MOST_FIELDS} fields.")
    for name, secret in fields.items():
        wrong = problem(secret.reveal())
        if wrong:
            raise BadFields(f"The field {name} {wrong}.")


def check_day(expires_on: date | None) -> None:
    """Refuse a last day that has gone by. Raises BadFields."""
    if expires_on is not None and expires_on < timezone.localdate():
        raise BadFields("The last day on which the credential works has gone by.")


def problem(text: str, *, lines: bool = True) -> str:
    """What is wrong with a text as a secret, to be read after its name; empty if nothing is.

    Args:
        lines: whether it may have line breaks, as a key in a file has.
    """
    if not text:
        return "is empty"
    if len(text) > MOST_CHARACTERS:
        return f"is longer than {MOST_CHARACTERS} characters"
    if not lines and any(mark in text for mark in LINE_BREAKS):
        return "has a line break or a tab; it is one line"
    for character in text:
        kind = unicodedata.category(character)
        if kind == "Cc" and character not in LINE_BREAKS:
            return "holds a control character"
        if kind in INVISIBLE:
            return "holds an invisible character; type it instead of copying it"
        if kind == "Cs" or character == BROKEN or ord(character) & 0xFFFE == 0xFFFE:
            return "holds something that is no character; copy it again"
    return ""
