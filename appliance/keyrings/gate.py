"""Whether this process may work: only with the keys that the box's data needs.

With a keyring that is missing, damaged or another box's the process stays up, does nothing that
needs a key, and goes on by itself when the right one is there. So nothing is ever sealed under a
key that the box does not know.
"""

import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError

from appliance.keyrings import derive
from appliance.keyrings.kept import KeptKeyring
from connector.crypto.errors import BadKeyring
from connector.crypto.keyring import Keyring, get_keyring
from connector.rekey import expected
from connector.rekey.models import ExpectedKey

logger = logging.getLogger(__name__)

LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with the keyring, and the keys that it should hold, if the database says so."""

    what: str
    expected: tuple[str, ...]

    def __str__(self) -> str:
        wanted = f" Expected: {', '.join(self.expected)}." if self.expected else ""
        return f"{self.what}{wanted}"


class Gate:
    """Remembers what was found; asks the database only about keys that it has not seen."""

    def __init__(self) -> None:
        self._good: Keyring | None = None
        self._found: Trouble | None = None
        self._look_at = 0.0
        self._said = ""

    def watched(self, consequence: str) -> Trouble | None:
        """The same as trouble(), told to the log when it begins, changes and ends."""
        found = self.trouble()
        if str(found or "") != self._said:
            self._said = str(found or "")
            if found:
                logger.error("%s: %s", consequence, found)
            else:
                logger.warning("the keyring is right; work goes on")
        return found

    def trouble(self) -> Trouble | None:
        """What keeps this process from working, or None. Cheap where all is well."""
        what, held = "", None
        try:
            held = _held()
        except BadKeyring as refused:
            what = str(refused)
        if held is not None and held is self._good:
            return None
        if time.monotonic() >= self._look_at:
            self._found = self._look(held, what)
            self._look_at = time.monotonic() + LOOK_S
        return self._found

    def _look(self, held: Keyring | None, what: str) -> Trouble | None:
        kinds = derive.may_hold(settings.PROCESS)
        try:
            what = what or (expected.what_is_wrong(held, kinds) if held else "")
            if held and not what:
                if settings.PROCESS == "worker":
                    expected.note(held)
                self._good = held
                keyring = get_keyring()
                if isinstance(keyring, KeptKeyring):
                    keyring.is_right()
                return None
            rows = expected.wanted(ExpectedKey.objects.order_by("domain", "role", "id"), kinds)
        except DatabaseError:
            # without a database nothing can be sealed, either; it is asked again
            return Trouble(what, ()) if what else None
        return Trouble(what, tuple(str(row) for row in rows))


def _held() -> Keyring:
    keyring = get_keyring()
    return keyring.held() if isinstance(keyring, KeptKeyring) else keyring


_gate = Gate()
trouble = _gate.trouble
watched = _gate.watched
