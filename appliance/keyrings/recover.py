"""Making lost keyrings again from the root key, out of the recovery kit or of its shares.

What is there is never written over: only the keyring that is missing is made. Which keys go in,
in this order:

1. Kinds of key that the other keyring holds, too, are copied from it as they are.
2. Of a domain whose key ids the other keyring or the database names, the generations with these
   ids, as far as MOST_GENERATIONS: so an old copy of the kit brings back later rotations as well,
   and what was retired stays away.
3. Where nothing is known of a domain, all its generations up to the kit's.

The primary is the one that the database names as such, else the newest. A key that was drawn, not
derived, is in no kit: its id is given back as missing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.keyrings import derive, files, recovery
from appliance.keyrings.derive import BOTH, PLAN, Process
from appliance.keyrings.files import Opened
from appliance.keyrings.held import HeldKeys
from connector.crypto.errors import CannotOpen
from connector.crypto.keyring import Domain, Key, Role

MOST_GENERATIONS = 64


@dataclass(frozen=True, slots=True)
class Known:
    """A key that is known to be needed, by its id."""

    cell: str
    domain: Domain
    role: Role
    key_id: str
    primary: bool


@dataclass(frozen=True, slots=True)
class Recovered:
    """The keyrings that were made, and what the root key could not bring back."""

    cell: str
    made: tuple[Path, ...]
    keyrings: Mapping[Process, Opened]
    missing: tuple[str, ...]


def recover(directory: Path, root: recovery.Root, known: Iterable[Known]) -> Recovered:
    """Write the keyrings that are missing in a directory.

    Args:
        known: what the database expects; nothing if it can't be asked.

    Raises:
        KeysExistError: both are there.
        CannotOpen: the root key is another box's.
        BadKeyring: the keyring that is there can't be used.
    """
    known = list(known)
    with files.alone(directory):
        lost = [process for process in BOTH if not (directory / f"{process}.keyring").exists()]
        if not lost:
            raise files.KeysExistError(
                f"Both keyrings are in {directory}. Writing over them would lose all that they "
                "protect; move away the one that is to be made again."
            )
        there = {p: files.read(directory / f"{p}.keyring") for p in BOTH if p not in lost}
        cells = {one.cell for one in known} | {one.keyring.cell for one in there.values()}
        if cells - {root.cell}:
            raise CannotOpen(
                f"This is the root key of the box {root.cell}; what is here is of the box "
                f"{', '.join(sorted(cells - {root.cell}))}. Nothing was written."
            )
        surviving = [key for one in there.values() for key in one.keyring.all_keys()]
        made = {process: _made(process, root, surviving, known) for process in lost}
        files.create(
            {
                directory / f"{process}.keyring": files.encode(process, one.keyring, one.django)
                for process, one in made.items()
            }
        )
    paths = tuple(directory / f"{process}.keyring" for process in made)
    return Recovered(root.cell, paths, {**there, **made}, _missing({**there, **made}, known))


def _made(
    process: Process, root: recovery.Root, surviving: list[Key], known: list[Known]
) -> Opened:
    named = {k.id for k in surviving} | {k.key_id for k in known}
    first = {k.key_id for k in known if k.primary}
    keys: list[Key] = []
    for part in PLAN:
        if process in part.holders:
            copied = [k for k in surviving if (k.domain, k.role) == (part.domain, part.role)]
            keys += copied or _derived(process, part, root, named, first)
    return Opened(
        process,
        HeldKeys(root.cell, tuple(keys)),
        derive.django_secret_of(root.material, process),
    )


def _derived(
    process: Process, part: derive.Part, root: recovery.Root, named: set[str], first: set[str]
) -> list[Key]:
    generations = {part.domain: _generations(part.domain, root, named)}
    keys = [
        key
        for key in derive.keys_of(root.material, process, generations)
        if (key.domain, key.role) == (part.domain, part.role)
    ]
    return sorted(keys, key=lambda key: key.id not in first)


def _generations(domain: Domain, root: recovery.Root, named: set[str]) -> list[int]:
    """The newest first."""
    kit = root.generation(domain)
    found = [
        number
        for number in range(max(kit, MOST_GENERATIONS), 0, -1)
        if named & {key.id for key in derive.rotated(domain, root.material, number)}
    ]
    return found or list(range(kit, 0, -1))


def _missing(keyrings: Mapping[Process, Opened], known: list[Known]) -> tuple[str, ...]:
    held = {k.id for one in keyrings.values() for k in one.keyring.all_keys()}
    return tuple(sorted(f"{k.domain} {k.role} {k.key_id}" for k in known if k.key_id not in held))
