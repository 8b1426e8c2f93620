"""Changing the keys of a running box: a new generation in, old ones out.

A rotation goes through both keyrings twice: first everybody gets the new keys to read with, then
everybody writes with them. In between the database is told. Wherever it is cut off, all that was
sealed still opens, and doing it again is right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.keyrings import derive, files, recovery
from appliance.keyrings.derive import BOTH, Process
from appliance.keyrings.files import Opened
from appliance.keyrings.held import HeldKeys
from connector.crypto import keyring as keyrings
from connector.crypto.errors import CannotOpen, CryptoError
from connector.crypto.keyring import Domain, Key
from connector.crypto.secret import Secret
from connector.rekey import expected, store, walk
from connector.rekey.models import Reseal

NEVER_ROTATED = {
    Domain.LEDGER: "the ledger recognises records by hashes under this key: with another one the "
    "box would know no record that it has sent, and send it again",
}
NEVER_RETIRED = {
    Domain.AUDIT: "every audit entry names the key that it is proven by: without it, old entries "
    "could not be verified any more",
}


class Refused(CryptoError):
    """This change is not made; says why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Kit:
    """A recovery kit and what opens it."""

    path: Path
    passphrase: Secret


@dataclass(frozen=True, slots=True)
class Changed:
    """What was done: the domain and the ids of its keys that came or went."""

    domain: Domain
    key_ids: tuple[str, ...]


def has_kit(directory: Path) -> bool:
    """Whether the box was made with a recovery kit: only then it has a key for backups."""
    held = files.read_both(directory)["worker"].keyring.all_keys()
    return any(key.domain is Domain.BACKUP for key in held)


def rotate(directory: Path, domain: Domain, *, kit: Kit | None, actor: str) -> Changed:
    """Add the next generation of a domain's keys, for all new writes; the old ones stay.

    Args:
        directory: with both keyrings.
        kit: the keys are derived, and it is rewritten with the new generation. Without, they are
            drawn, and no kit brings them back.

    Raises:
        Refused: the domain can't be rotated.
        CannotOpen: wrong passphrase, or the kit of another box.
        BadKeyring: a keyring can't be used.
    """
    if domain in NEVER_ROTATED:
        raise Refused(f"The keys of {domain} are not rotated: {NEVER_ROTATED[domain]}.")
    if domain is Domain.BACKUP and kit is None:
        raise Refused("Keys of backup come from the recovery kit: nothing else could open them.")
    with files.alone(directory):
        both = files.read_both(directory)
        keys = _derived(both, domain, kit) if kit else derive.drawn(domain)
        files.write_both(directory, _with(both, keys, in_front=False))
        _note(both)
        with keyrings.using(both["worker"].keyring):
            store.rotate(
                domain,
                keys,
                cell=both["worker"].keyring.cell,
                recoverable=kit is not None,
                actor=actor,
            )
        files.write_both(directory, _with(both, keys, in_front=True))
    return Changed(domain, _ids(keys))


def reseal(directory: Path, domain: Domain, *, actor: str) -> int:
    """Seal anew here what older keys of a domain sealed; how many values were, since its rotation.

    Raises:
        Refused: nothing of this domain is sealed, or it was not rotated.
    """
    both = files.read_both(directory)
    process: Process = "web" if domain is Domain.PEOPLE else "worker"
    row = Reseal.objects.filter(domain=domain).first()
    if row is None:
        raise Refused(f"There is nothing to seal anew: the keys of {domain} were not rotated.")
    with keyrings.using(both[process].keyring):
        while walk.batch(domain, actor=actor):
            pass
    row.refresh_from_db()
    return row.values


def retire(directory: Path, domain: Domain, *, actor: str) -> Changed:
    """Take the older keys of a domain out of both keyrings, if nothing needs them any more.

    Raises:
        Refused: keys of this domain are never retired, or there are no older ones.
        StillNeeded: sealed values name one of them.
        BadKeyring: a keyring can't be used.
    """
    if domain in NEVER_RETIRED:
        raise Refused(f"Old keys of {domain} are not retired: {NEVER_RETIRED[domain]}.")
    with files.alone(directory):
        both = files.read_both(directory)
        old = older(both, domain)
        if not old:
            raise Refused(f"There are no older keys of {domain} to retire.")
        _note(both)
        with keyrings.using(both["worker"].keyring):
            store.retire(domain, old, actor=actor)
        files.write_both(
            directory,
            {
                process: _holding(opened, (k for k in opened.keyring.all_keys() if k.id not in old))
                for process, opened in both.items()
            },
        )
    return Changed(domain, old)


def older(both: Mapping[Process, Opened], domain: Domain) -> tuple[str, ...]:
    """The ids of a domain's keys that are not for new writes."""
    held = [(o.keyring, k) for o in both.values() for k in o.keyring.all_keys()]
    return _ids(
        key
        for ring, key in held
        if key.domain is domain and ring.primary(domain, role=key.role).id != key.id
    )


def _derived(both: Mapping[Process, Opened], domain: Domain, kit: Kit) -> tuple[Key, ...]:
    """The first generation after the kit's that no keyring holds; the kit is rewritten with it."""
    root = recovery.open_kit(kit.path.read_text(encoding="utf-8"), kit.passphrase)
    cell = both["worker"].keyring.cell
    if root.cell != cell:
        raise CannotOpen(f"This is the recovery kit of the box {root.cell}; this box is {cell}.")
    held = {key.id for opened in both.values() for key in opened.keyring.all_keys()}
    number = root.generation(domain) + 1
    while held & set(_ids(derive.rotated(domain, root.material, number))):
        number += 1  # an older copy of the kit
    newer = replace(root, generations={**root.generations, domain: number})
    files.replace(kit.path, recovery.write_kit(newer, kit.passphrase).encode())
    return derive.rotated(domain, root.material, number)


def _with(
    both: Mapping[Process, Opened], keys: Iterable[Key], *, in_front: bool
) -> dict[Process, Opened]:
    made = {}
    for process in BOTH:
        opened = both[process]
        new = tuple(key for key in keys if (key.domain, key.role) in derive.may_hold(process))
        old = opened.keyring.all_keys()
        made[process] = _holding(opened, (*new, *old) if in_front else (*old, *new))
    return made


def _holding(opened: Opened, keys: Iterable[Key]) -> Opened:
    return replace(opened, keyring=HeldKeys(opened.keyring.cell, tuple(keys)))


def _note(both: Mapping[Process, Opened]) -> None:
    for opened in both.values():
        expected.note(opened.keyring)


def _ids(keys: Iterable[Key]) -> tuple[str, ...]:
    return tuple(sorted({key.id for key in keys}))
