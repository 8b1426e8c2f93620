"""A keyring on disk: one JSON file for each process, readable by its owner alone.

    {"format": 1, "cell": "02d7c3a9684a4456", "process": "web", "django": "<64 characters>",
     "keys": [{"domain": "vault", "role": "mac", "id": "c326a4a950dc2dd3", "key": "<base64>"}, ...]}

Within a domain and role the first key is the one for new writes.
"""

import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from appliance.keyrings.derive import BOTH, Process, may_hold
from appliance.keyrings.held import HeldKeys
from appliance.keyrings.places import handed_over
from connector.crypto.errors import BadKeyring
from connector.crypto.keyring import Domain, Key, Role

FORMAT = 1
MOST_BYTES = 100_000


class KeysExistError(BadKeyring):
    """The box has keys already; writing others over them would lose all that they protect."""


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
    """A keyring file that was read and checked. `django` is Django's secret key of the process."""

    process: Process
    keyring: HeldKeys
    django: str = field(repr=False)


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
        raise BadKeyring(
            f"{path} has the format {file.format}; this version reads {FORMAT}. "
            "It was written by a newer version of the product: run that one."
        )
    _refuse_foreign_keys(path, file)
    keys = tuple(Key(line.domain, line.role, line.id, line.key) for line in file.keys)
    return Opened(file.process, HeldKeys(file.cell, keys), file.django)


def encode(process: Process, keyring: HeldKeys, django: str) -> bytes:
    """The bytes of a keyring file."""
    lines = tuple(KeyLine(k.domain, k.role, k.id, k.material) for k in keyring.all_keys())
    file = KeyringFile(FORMAT, keyring.cell, process, django, lines)
    return msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n"


def read_both(directory: Path) -> dict[Process, Opened]:
    """The keyrings of web and worker in one directory, checked to be of one box.

    Raises:
        BadKeyring: one of them can't be used, or they don't belong together.
    """
    both: dict[Process, Opened] = {}
    for process in BOTH:
        path = directory / f"{process}.keyring"
        both[process] = read(path)
        if both[process].process != process:
            raise BadKeyring(f"{path} is the keyring of {both[process].process}.")
    cells = {opened.keyring.cell for opened in both.values()}
    if len(cells) > 1:
        raise BadKeyring(f"The keyrings in {directory} are of two boxes, {' and '.join(cells)}.")
    return both


def write_both(directory: Path, keyrings: Mapping[Process, Opened]) -> None:
    """Write both again, each at once. The worker's is first: it opens what web seals."""
    for process in ("worker", "web"):
        one = keyrings[process]
        replace(directory / f"{process}.keyring", encode(process, one.keyring, one.django))


def replace(path: Path, content: bytes) -> None:
    """Put a file in place of another, so that a reader finds the old or the new one, never a part.

    The new one has mode 0600 and the owner of the old one.
    """
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        if os.geteuid() == 0:
            owner = path.stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    sync(path.parent)


def create(contents: Mapping[Path, bytes]) -> None:
    """Write new files, all or none: half a set of keys is taken back.

    Raises:
        KeysExistError: one of them is there; nothing was written.
    """
    there = [path.name for path in contents if path.exists()]
    if there:
        raise KeysExistError(
            f"{next(iter(contents)).parent} has keys already ({', '.join(there)}). Writing over "
            "them would lose all that they protect; move them away first if that is wanted."
        )
    made: list[Path] = []
    try:
        for path, content in contents.items():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            made.append(path)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for directory in {path.parent for path in contents}:
            sync(directory)
    except BaseException as exc:
        for path in made:
            path.unlink(missing_ok=True)
        if isinstance(exc, FileExistsError):
            raise KeysExistError(f"{exc.filename} was made by somebody else just now.") from None
        raise


def sync(directory: Path) -> None:
    """Make sure that the names in a directory are on the disk."""
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """One command at a time changes the keyrings of a directory.

    Raises:
        BadKeyring: another one is at work.
    """
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BadKeyring(f"Another command is at work on the keyrings in {directory}.") from None
    finally:
        os.close(opened)


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
    """Refuse a file that others could change or read.

    What Docker and systemd hand over is theirs: root's, readable by group or all, in a place that
    only this container or service sees. There, only that nobody else may write is asked for.
    """
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode):
        raise BadKeyring(f"{path} is not a file.")
    if found.st_uid not in (0, os.geteuid()):
        raise BadKeyring(
            f"{path} belongs to the user {found.st_uid}, who could change it. "
            f"Run: chown {os.geteuid()} {path}"
        )
    if handed_over(path) and not mode & (stat.S_IWGRP | stat.S_IWOTH):
        return
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadKeyring(f"{path} has mode {mode:04o}: others can read it. Run: chmod 600 {path}")


def _refuse_foreign_keys(path: Path, file: KeyringFile) -> None:
    for line in file.keys:
        if (line.domain, line.role) not in may_hold(file.process):
            raise BadKeyring(
                f"{path} holds a key ({line.domain}, {line.role}) that the {file.process} process "
                "must never have. Take that key out, and treat it as known to others."
            )
