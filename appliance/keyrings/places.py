"""Where the keyring of a process lies: named, handed over by systemd or Docker, or in the home."""

import os
from pathlib import Path

DOCKER = Path("/run/secrets")
SYSTEMD = "CREDENTIALS_DIRECTORY"

# Read once: it is taken out of the environment, so that no child learns of it.
_given = os.environ.get(SYSTEMD, "")
_credentials = Path(_given) if _given else None


def find(process: str, *, named: Path | None, home: Path | None) -> Path:
    """The file that is there, in the order named, systemd's, Docker's, home.

    If none is, the one where it should be: the process waits for it.
    """
    if named:
        return named
    name = f"{process}.keyring"
    places = [place / name for place in (_credentials, DOCKER, home) if place]
    return next((file for file in places if file.exists()), places[-1])


def handed_over(file: Path) -> bool:
    """Whether a file lies where systemd or Docker hand secrets over.

    systemd: a directory of this service on a memory file system, 0500, its files root's and
    readable through an access list that shows as group. Docker: a mount that this container alone
    has, its files root's with 0444 unless the operator says otherwise. Neither can be made
    tighter from inside, and there is nobody else inside.
    """
    places = [place for place in (_credentials, DOCKER) if place]
    return any(file.is_relative_to(place) for place in places)
