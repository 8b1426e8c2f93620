"""Making the keyrings of a new box."""

from dataclasses import dataclass
from pathlib import Path

from appliance.keyrings import derive, files, recovery
from appliance.keyrings.held import HeldKeys
from connector.crypto.keyring import Domain
from connector.crypto.secret import Secret

KIT_NAME = "recovery.kit"


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
    contents = {
        directory / "web.keyring": _keyring(root, "web", with_backups=False),
        directory / "worker.keyring": _keyring(root, "worker", with_backups=kit is not None),
    }
    if kit is not None:
        contents[directory / KIT_NAME] = kit.encode()
    files.create(contents)
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
