"""The keyring of a running process. It follows its file: a rotation needs no restart."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from appliance.keyrings import files
from appliance.keyrings.files import Opened
from appliance.keyrings.held import HeldKeys
from connector.crypto.errors import BadKeyring, UnknownKey
from connector.crypto.keyring import Domain, Key, Role

logger = logging.getLogger(__name__)

LOOK_S = 1.0


class KeptKeyring:
    """A connector.crypto.keyring.Keyring that reads its file again when that has changed.

    The file is looked at when a key is asked for, at most once in LOOK_S seconds, and at once for
    a key that is not held. A file that can't be used takes nothing away: what was read before
    stays. Until a first one could be read, every question raises BadKeyring.

    Args:
        taken: called with what was read, each time.
    """

    def __init__(self, path: Path, process: str, taken: Callable[[Opened], None]) -> None:
        self._path, self._process, self._taken = path, process, taken
        self._lock = threading.Lock()
        self._stamp: tuple[int, ...] | None = None
        self._look_at = 0.0
        self._opened: Opened | None = None
        self._trouble = ""
        self._right_cell = ""

    @property
    def cell(self) -> str:
        return self.held().cell

    def primary(self, domain: Domain, *, role: Role | None = None) -> Key:
        return self.held().primary(domain, role=role)

    def key(self, domain: Domain, key_id: str, *, role: Role | None = None) -> Key:
        try:
            return self.held().key(domain, key_id, role=role)
        except UnknownKey:
            self._look_at = 0.0  # somebody may write with a key that was added a moment ago
            return self.held().key(domain, key_id, role=role)

    def all_keys(self) -> tuple[Key, ...]:
        return self.held().all_keys()

    def is_right(self) -> None:
        """From now on, the keyring of another box is not taken any more."""
        self._right_cell = self.held().cell

    def held(self) -> HeldKeys:
        """The keys as they are now.

        Raises:
            BadKeyring: no file could be used since the process started.
        """
        if time.monotonic() >= self._look_at:
            with self._lock:
                if time.monotonic() >= self._look_at:
                    self._look()
        if self._opened is None:
            raise BadKeyring(self._trouble)
        return self._opened.keyring

    def _look(self) -> None:
        stamp = _stamp(self._path)
        if stamp != self._stamp or not self._look_at:
            self._stamp = stamp
            try:
                self._opened = self._read()
            except BadKeyring as refused:
                self._refused(str(refused))
            else:
                self._trouble = ""
                self._taken(self._opened)
        self._look_at = time.monotonic() + LOOK_S

    def _read(self) -> Opened:
        found = files.read(self._path)
        if found.process != self._process:
            raise BadKeyring(
                f"{self._path} is the keyring of {found.process}, but this is the "
                f"{self._process} process. Give it {self._process}.keyring."
            )
        if self._right_cell not in ("", found.keyring.cell):
            raise BadKeyring(f"{self._path} is the keyring of the box {found.keyring.cell}.")
        return found

    def _refused(self, why: str) -> None:
        if self._opened and why != self._trouble:
            logger.error("%s The keyring that was read before stays in use.", why)
        self._trouble = why


def load() -> KeptKeyring:
    """The keyring of this process, as the setting CONNECTOR_KEYRING names this function.

    Raises:
        BadKeyring: this process holds none, on purpose.
    """
    path: Path | None = settings.KEYRING_FILE
    if path is None:
        raise BadKeyring(
            "This process has no keyring. Commands that migrate the database hold no keys; "
            "web and worker have one each."
        )
    return KeptKeyring(path, settings.PROCESS, _sign_with)


def _sign_with(opened: Opened) -> None:
    """A process that was started without its keyring signs with its own secret from now on."""
    if opened.django != settings.SECRET_KEY:
        settings.SECRET_KEY = opened.django


def _stamp(path: Path) -> tuple[int, ...] | None:
    """Changes with the file: replaced, written to, or given another mode."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_ctime_ns, found.st_size)
