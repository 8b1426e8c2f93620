"""Making the keyrings of a box: once when it is new, and again from its recovery kit."""

import os
from dataclasses import dataclass
from pathlib import Path

from appliance.keyrings import derive, files, recovery
from appliance.keyrings.held import HeldKeys
from connector.crypto.errors import CryptoError
from connector.crypto.keyring import Domain
from connector.crypto.secret import Secret

KIT_NAME = "recovery.kit"


class KeysExistError(CryptoError):
    """The box has keys already; writing others over them would lose all that they protect."""


@dataclass(frozen=True, slots=True)
class Created:
    """What was made. `kit` is None where no passphrase was given."""

    cell: str
    web: Path
    worker: Path
    kit: Path | None


def create_keyrings(directory: Path, *, passphrase: Secret | None) -> Created:
    """Draw the keys of a new box and write its keyrings and recovery kit, readable by us alone.

    The root key is kept nowhere but in the kit. Without a passphrase there is no
    kit, so the box has no key for backups either: nobody could open them.

    Args:
        directory: an existing directory, the home of the box.

    Raises:
        KeysExistError: a keyring or a kit is there; nothing was written.
        ValueError: the passphrase is too short; nothing was written.
    """
    root = recovery.new_root()
    kit = recovery.write_kit(root, passphrase) if passphrase else None
    return _write(directory, root, kit)


def restore_keyrings(directory: Path, *, kit: str, passphrase: Secret) -> Created:
    """Write the keyrings of a box again from the text of its recovery kit.

    Raises:
        KeysExistError: a keyring is there; nothing was written.
        CannotOpen: wrong passphrase, or a damaged kit.
    """
    return _write(directory, recovery.open_kit(kit, passphrase), None, with_backups=True)


def _write(
    directory: Path, root: recovery.Root, kit: str | None, *, with_backups: bool = False
) -> Created:
    contents = {
        directory / "web.keyring": _keyring(root, "web", with_backups=False),
        directory / "worker.keyring": _keyring(
            root, "worker", with_backups=with_backups or kit is not None
        ),
    }
    if kit is not None:
        contents[directory / KIT_NAME] = kit.encode()
    there = [path.name for path in contents if path.exists()]
    if there:
        raise KeysExistError(
            f"{directory} has keys already ({', '.join(there)}). Writing over them would lose "
            "all that they protect; move them away first if that is wanted."
        )
    _write_all(directory, contents)
    return Created(
        root.cell,
        directory / "web.keyring",
        directory / "worker.keyring",
        directory / KIT_NAME if kit is not None else None,
    )


def _keyring(root: recovery.Root, process: derive.Process, *, with_backups: bool) -> bytes:
    keys = derive.keys_of(root.material, process)
    if not with_backups:
        keys = tuple(key for key in keys if key.domain is not Domain.BACKUP)
    secret = derive.django_secret_of(root.material, process)
    return files.encode(process, HeldKeys(root.cell, keys), secret)


def _write_all(directory: Path, contents: dict[Path, bytes]) -> None:
    """All files or none: nothing is sealed under these keys yet, so half a set is taken back."""
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
        opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except BaseException as exc:
        for path in made:
            path.unlink(missing_ok=True)
        if isinstance(exc, FileExistsError):
            raise KeysExistError(f"{exc.filename} was made by somebody else just now.") from None
        raise
