"""The keys that the box's data needs, as the database names them by their ids."""

from collections.abc import Iterable

from django.db import transaction

from connector.crypto.errors import BadKeyring
from connector.crypto.keyring import Domain, Key, Keyring, Role
from connector.rekey.models import ExpectedKey

Kinds = Iterable[tuple[Domain, Role]]


@transaction.atomic
def note(keyring: Keyring) -> int:
    """Write down the keys of a keyring for each kind that none is known of yet; how many.

    Raises:
        BadKeyring: the database is another box's.
    """
    known = set(ExpectedKey.objects.values_list("domain", "role"))
    cell = ExpectedKey.objects.values_list("cell", flat=True).first()
    if cell not in (None, keyring.cell):
        raise BadKeyring(_of_another_box(keyring.cell, str(cell)))
    new = [key for key in keyring.all_keys() if (key.domain, key.role) not in known]
    ExpectedKey.objects.bulk_create([_row(keyring, key) for key in new], ignore_conflicts=True)
    return len(new)


@transaction.atomic
def add_primaries(cell: str, keys: Iterable[Key]) -> None:
    """From now on these are the keys for new writes; those before them stay expected."""
    for key in keys:
        alike = ExpectedKey.objects.filter(domain=key.domain, role=key.role)
        alike.update(primary=False)
        ExpectedKey.objects.update_or_create(
            domain=key.domain,
            role=key.role,
            key_id=key.id,
            defaults={"cell": cell, "primary": True},
        )


@transaction.atomic
def forget(domain: Domain, key_ids: Iterable[str]) -> None:
    """These keys were retired: no keyring needs them."""
    ExpectedKey.objects.filter(domain=domain, primary=False, key_id__in=list(key_ids)).delete()


def what_is_wrong(keyring: Keyring, kinds: Kinds) -> str:
    """What a keyring lacks of that its process needs, by ids; "" if nothing.

    Args:
        kinds: what keys the process holds at all.
    """
    rows = list(ExpectedKey.objects.order_by("domain", "role", "-primary", "id"))
    cells = {row.cell for row in rows}
    if cells and keyring.cell not in cells:
        return _of_another_box(keyring.cell, cells.pop())
    held = {(key.domain, key.role, key.id) for key in keyring.all_keys()}
    missing = [row for row in wanted(rows, kinds) if (row.domain, row.role, row.key_id) not in held]
    if not missing:
        return ""
    return (
        "The keyring lacks "
        + ", ".join(f"{row.domain} {row.role} {row.key_id}" for row in missing)
        + "."
    )


def wanted(rows: Iterable[ExpectedKey], kinds: Kinds) -> list[ExpectedKey]:
    """The expected keys that a process holds which has these kinds."""
    theirs = {(domain.value, role.value) for domain, role in kinds}
    return [row for row in rows if (row.domain, row.role) in theirs]


def _of_another_box(found: str, expected: str) -> str:
    return f"The keyring is that of the box {found}; the database is that of {expected}."


def _row(keyring: Keyring, key: Key) -> ExpectedKey:
    return ExpectedKey(
        cell=keyring.cell,
        domain=key.domain,
        role=key.role,
        key_id=key.id,
        primary=keyring.primary(key.domain, role=key.role).id == key.id,
    )
