"""What the database tells of keys, and what it is told; all of it can do without a database."""

from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, transaction

from appliance.keyrings import derive, files
from appliance.keyrings.recover import Known, Recovered
from appliance.keyrings.recovery import Root
from appliance.keyrings.status import Line
from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import keyring as keyrings
from connector.crypto import shares as splitting
from connector.crypto.errors import BadKeyring, CannotOpen
from connector.crypto.keyring import Domain, Role
from connector.crypto.secret import Secret
from connector.rekey import expected
from connector.rekey.models import ExpectedKey, Reseal


def has_database() -> bool:
    """Whether this command was given one; keys are made before there is any."""
    return not settings.DATABASES["default"]["ENGINE"].endswith("dummy")


def known() -> list[Known]:
    """The keys that the box's data needs; none where the database can't be asked."""
    if not has_database():
        return []
    try:
        return [
            Known(row.cell, Domain(row.domain), Role(row.role), row.key_id, row.primary)
            for row in ExpectedKey.objects.order_by("id")
        ]
    except DatabaseError:
        return []


def progress(lines: Sequence[Line]) -> list[str]:
    """One line for each domain that was rotated.

    Args:
        lines: the keys that the keyrings hold.
    """
    if not has_database():
        return []
    try:
        writing = {line.id for line in lines if line.primary}
        return [_how_far(row, writing) for row in Reseal.objects.order_by("domain")]
    except DatabaseError:
        return ["How far sealing anew is, the database does not tell: it can't be asked."]


def missing(directory: Path) -> list[str]:
    """What the keyrings of a directory lack of that the database expects."""
    found = []
    for process in derive.BOTH if has_database() else ():
        try:
            opened = files.read(directory / f"{process}.keyring")
            found.append(expected.what_is_wrong(opened.keyring, derive.may_hold(process)))
        except (BadKeyring, DatabaseError):
            continue  # said by those who ask for the file, or for the database
    return [text for text in found if text]


def of_recovery(done: Recovered, way: str, *, actor: str) -> bool:
    """Record that keyrings were made again; False where there is no database for it."""
    if not has_database():
        return False
    names = ", ".join(path.name.removesuffix(".keyring") for path in done.made)
    try:
        with keyrings.using(done.keyrings["worker"].keyring), transaction.atomic():
            log.record(
                Action.KEYS_RECOVERED,
                actor=actor,
                subject=f"box:{done.cell}",
                processes=names,
                way=way,
            )
    except DatabaseError:
        return False
    return True


def split(
    directory: Path, root: Root, *, shares: int, threshold: int, actor: str
) -> Sequence[Secret]:
    """Split the root key; recorded before anything is shown.

    Raises:
        CannotOpen: the kit is another box's.
        ValueError: numbers out of bounds.
    """
    lists = splitting.split(root.material, shares=shares, threshold=threshold)
    worker = files.read_both(directory)["worker"].keyring
    if worker.cell != root.cell:
        raise CannotOpen(f"This is the kit of the box {root.cell}; this box is {worker.cell}.")
    with keyrings.using(worker), transaction.atomic():
        log.record(
            Action.KEYS_SPLIT,
            actor=actor,
            subject=f"box:{root.cell}",
            shares=shares,
            threshold=threshold,
        )
    return lists


def _how_far(row: Reseal, writing: set[str]) -> str:
    if row.key_id not in writing:
        return f"{row.domain}: the rotation was cut off; run: manage.py keys rotate {row.domain}"
    left = f", {row.unreadable:,} do not open and were left" if row.unreadable else ""
    if row.finished_at:
        return f"{row.domain}: {row.values:,} values sealed anew{left}; done"
    return f"{row.domain}: {row.values:,} values sealed anew{left}; at {row.at or 'the beginning'}"
