"""Everything that changes which keys the box's data is under. Each change is in the audit log."""

from collections.abc import Iterable, Sequence

from django.db import connection, transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto.keyring import MAIN_ROLE, Domain, Key
from connector.rekey import columns, expected, tasks
from connector.rekey.models import Reseal

LOCK_WAIT_MS = 20_000


class StillNeeded(Exception):
    """Sealed values name a key that should go; says how many and where."""


@transaction.atomic
def rotate(
    domain: Domain, keys: Sequence[Key], *, cell: str, recoverable: bool, actor: str
) -> None:
    """New keys are about to be the primaries of a domain: expect them, and seal anew under them.

    Called when all keyrings hold them, and before any process writes under them.

    Args:
        recoverable: whether the recovery kit brings them back.
    """
    expected.add_primaries(cell, keys)
    main = next(key for key in keys if key.role is MAIN_ROLE[domain])
    if columns.of(domain):
        Reseal.objects.update_or_create(
            domain=domain,
            defaults={
                "key_id": main.id,
                "at": "",
                "after": "",
                "values": 0,
                "unreadable": 0,
                "started_at": timezone.now(),
                "finished_at": None,
            },
        )
        if domain is not Domain.PEOPLE:  # web's alone: the worker holds no key of it
            tasks.ask(domain)
    log.record(
        Action.KEY_ROTATED,
        actor=actor,
        subject=f"keys:{domain}",
        domain=domain.value,
        keys=_named(key.id for key in keys),
        recoverable=recoverable,
    )


@transaction.atomic
def retire(domain: Domain, key_ids: Sequence[str], *, actor: str) -> None:
    """These keys are about to leave the keyrings: refuse it while any sealed value names one.

    The tables are locked against writing meanwhile, so nothing is under way that could still
    name one.

    Raises:
        StillNeeded: nothing was changed.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")
        for table in sorted({column.model._meta.db_table for column in columns.of(domain)}):
            cursor.execute(f'LOCK TABLE "{table}" IN SHARE MODE')
    counts = {column.name: column.naming(key_ids).count() for column in columns.of(domain)}
    if any(counts.values()):
        where = ", ".join(f"{number:,} in {name}" for name, number in counts.items() if number)
        raise StillNeeded(
            f"{sum(counts.values()):,} sealed values name the older keys of {domain}: {where}. "
            "Without these keys they would be lost. `keys status` says how far sealing anew is."
        )
    expected.forget(domain, key_ids)
    log.record(
        Action.KEY_RETIRED,
        actor=actor,
        subject=f"keys:{domain}",
        domain=domain.value,
        keys=_named(key_ids),
    )


def _named(key_ids: Iterable[str]) -> str:
    return ", ".join(sorted(set(key_ids)))
