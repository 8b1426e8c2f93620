"""Keyrings of a box on disk, with a kit whose passphrase costs nothing to try."""

from pathlib import Path

import pytest

from appliance.keyrings import create, files
from connector.crypto import passphrase
from connector.crypto.keyring import Domain, Role
from connector.crypto.passphrase import Cost
from connector.crypto.secret import Secret

WORDS = Secret("correct horse battery")


def cheap_passphrases(patch: pytest.MonkeyPatch) -> None:
    """Argon2id at its usual cost takes a second; that cost has a test of its own."""
    usual = passphrase.seal
    patch.setattr(passphrase, "seal", lambda *a, cost, **k: usual(*a, cost=Cost(1, 8192), **k))


def a_box(directory: Path, *, kit: bool = True) -> Path:
    """Keyrings in a new directory; the kit lies beside them as recovery.kit."""
    directory.mkdir(mode=0o700)
    create.create_keyrings(directory, passphrase=WORDS if kit else None)
    return directory


def ids(directory: Path, process: str, domain: Domain, role: Role) -> list[str]:
    """The ids of the keys of one kind in a keyring, the primary first."""
    held = files.read(directory / f"{process}.keyring").keyring.all_keys()
    return [key.id for key in held if (key.domain, key.role) == (domain, role)]


def bytes_of(directory: Path) -> dict[str, bytes]:
    """All files, to see that nothing was changed."""
    return {path.name: path.read_bytes() for path in directory.iterdir()}
