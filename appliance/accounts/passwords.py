"""Which passwords are refused, and changing one.

No network is asked and no list of breached passwords is shipped beyond Django's 20,000 most
common ones. What they become by the usual dressing up is refused as well: capitals, digits for
letters, figures and signs at the ends, and a word or a row of keys repeated.
"""

import re
from functools import cache

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.db import transaction

from appliance.accounts import sessions
from appliance.accounts.models import User
from connector.audit import log
from connector.audit.actions import Action

LOOKALIKES = str.maketrans("013457@$!", "oieastasi")
ROWS = (
    *("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiopasdfghjklzxcvbnm"),
    *("qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn"),
)
SHORTEST_WORD = 4
FEWEST_CHARACTERS = 5


class NotDressedUp:
    """Refuses a common password in disguise, repetitions and rows of keys."""

    def validate(self, password: str, user: object = None) -> None:
        if _is_guessed_early(password.casefold()):
            raise ValidationError(
                "This password is a common one with figures or signs added, or a row repeated. "
                "Several words in a row are good.",
                code="password_dressed_up",
            )

    def get_help_text(self) -> str:
        return "No common password with figures or signs added, no word or row repeated."


def _is_guessed_early(text: str) -> bool:
    word = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    return (
        len(word) < SHORTEST_WORD
        or len(set(text)) < FEWEST_CHARACTERS
        or re.fullmatch(r"(.{1,6}?)\1+.{0,5}", text) is not None
        or bool({word, word.translate(LOOKALIKES)} & _common())
        or any(text in row * 2 or text in (row * 2)[::-1] for row in ROWS)
    )


@cache
def _common() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)


@transaction.atomic
def change_password(user: User, password: str, *, actor: str, keep: bytes = b"") -> None:
    """Give a person a new password. All their sessions end, but for the one kept."""
    user.set_password(password)
    user.save(update_fields=["password"])
    log.record(Action.PASSWORD_CHANGED, actor=actor, subject=f"account:{user.username}")
    sessions.end_all(user, reason="password changed", actor=actor, keep=keep)
