"""A keyring on disk: one JSON file for each process, readable by its owner alone.

    {"format": 1, "cell": "02d7c3a9684a4456", "process": "web", "django": "<64 characters>",
     "keys": [{"domain": "vault", "role": "mac", "id": "c326a4a950dc2dd3", "key": "<base64>"}, ...]}

Within a domain and role the first key is the one for new writes.
"""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from appliance.keyrings.derive import PLAN, Process
from appliance.keyrings.held import HeldKeys
from connector.crypto.errors import BadKeyring
from connector.crypto.keyring import Domain, Key, Role

FORMAT = 1
MOST_BYTES = 100_000


class KeyLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key as the file has it."""

    domain: Domain
    role: Role
    id: str
    key: bytes

    __repr__ = object.__repr__


class KeyringFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    format: int
    cell: str
    process: Process
    django: str
    keys: tuple[KeyLine, ...]

    __repr__ = object.__repr__


@dataclass(frozen=True, slots=True)
class Opened:
    """A keyring file that was read and checked."""

    process: Process
    keyring: HeldKeys
    django: str = field(repr=False)


def load() -> HeldKeys:
    """The keyring of this process, as the setting CONNECTOR_KEYRING names this function.

    Raises:
        BadKeyring: there is none, it is another process's, or see read().
    """
    path: Path | None = settings.KEYRING_FILE
    if path is None:
        raise BadKeyring(
            "This process has no keyring. Commands that migrate the database hold no keys; "
            "web and worker take theirs from CONNECTOR_KEYRING_FILE or the home of the box."
        )
    opened = read(path)
    if opened.process != settings.PROCESS:
        raise BadKeyring(
            f"{path} is the keyring of {opened.process}, but this is the {settings.PROCESS} "
            f"process. Give it {settings.PROCESS}.keyring."
        )
    return opened.keyring


def django_secret(path: Path) -> str:
    """Django's secret key from a keyring file, read while the settings are made.

    Raises:
        ImproperlyConfigured: the keyring can't be used.
    """
    try:
        return read(path).django
    except BadKeyring as exc:
        raise ImproperlyConfigured(str(exc)) from exc


def read(path: Path) -> Opened:
    """Read and check a keyring file.

    Raises:
        BadKeyring: it is missing, others can read it, its owner is somebody else,
            it is no keyring, or it holds a key that its process must not have.
    """
    try:
        file = msgspec.json.decode(_private_bytes(path), type=KeyringFile)
    except msgspec.DecodeError:
        raise BadKeyring(f"{path} is no keyring that this version reads. Restore it.") from None
    if file.format != FORMAT:
        raise BadKeyring(f"{path} has the format {file.format}; this version reads {FORMAT}.")
    _refuse_foreign_keys(path, file)
    keys = tuple(Key(line.domain, line.role, line.id, line.key) for line in file.keys)
    return Opened(file.process, HeldKeys(file.cell, keys), file.django)


def encode(process: Process, keyring: HeldKeys, django: str) -> bytes:
    """The bytes of a keyring file."""
    lines = tuple(KeyLine(k.domain, k.role, k.id, k.material) for k in keyring.all_keys())
    file = KeyringFile(FORMAT, keyring.cell, process, django, lines)
    return msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n"


def _private_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            _refuse_shared(path, os.fstat(opened.fileno()))
            return opened.read(MOST_BYTES)
    except FileNotFoundError:
        raise BadKeyring(f"There is no keyring at {path}. Make one: manage.py keys init") from None
    except OSError as exc:
        raise BadKeyring(f"The keyring {path} can't be read: {exc.strerror}.") from None


def _refuse_shared(path: Path, found: os.stat_result) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode):
        raise BadKeyring(f"{path} is not a file.")
    if found.st_uid not in (0, os.geteuid()):
        raise BadKeyring(
            f"{path} belongs to the user {found.st_uid}, who could change it. "
            f"Run: chown {os.geteuid()} {path}"
        )
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadKeyring(f"{path} has mode {mode:04o}: others can read it. Run: chmod 600 {path}")


def _refuse_foreign_keys(path: Path, file: KeyringFile) -> None:
    allowed = {(part.domain, part.role) for part in PLAN if file.process in part.holders}
    for line in file.keys:
        if (line.domain, line.role) not in allowed:
            raise BadKeyring(
                f"{path} holds a key ({line.domain}, {line.role}) that the {file.process} process "
                "must never have. Take that key out, and treat it as known to others."
            )
