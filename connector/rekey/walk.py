"""Seals anew what older keys of a domain sealed: batch after batch, safe to kill at any moment.

A batch is one transaction: rows are locked, opened, sealed under the primary keys and written
with the place reached. Rows that somebody else holds are left out, so that nobody waits for
anybody; another pass finds them. What does not open is never written over.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from connector.audit import log
from connector.audit.actions import Action
from connector.crypto.errors import CryptoError
from connector.crypto.keyring import Domain, get_keyring
from connector.jobs import queue
from connector.rekey import columns
from connector.rekey.columns import Sealed
from connector.rekey.models import Reseal

BATCH = 50


def is_held(row: Reseal) -> bool:
    """Whether this process writes under the key that the domain was rotated to."""
    try:
        return get_keyring().primary(Domain(row.domain)).id == row.key_id
    except CryptoError:
        return False


def old_keys(domain: Domain) -> frozenset[str]:
    """The ids of the keys that this process holds of a domain beside those for new writes."""
    keyring = get_keyring()
    held = [key for key in keyring.all_keys() if key.domain is domain]
    newest = {keyring.primary(domain, role=role).id for role in {key.role for key in held}}
    return frozenset(key.id for key in held) - newest


@transaction.atomic
def batch(domain: Domain, *, actor: str, job_id: int | None = None) -> bool:
    """Do one batch; False when nothing is left to do."""
    row = Reseal.objects.select_for_update().get(domain=domain)
    if row.finished_at:
        return False
    old = old_keys(domain)
    rest = _from(row.at, columns.of(domain))
    if not rest:
        return _end_of_pass(row, old, actor=actor)
    column, *later = rest
    if column.name != row.at:
        row.at, row.after = column.name, ""
    found = _rows(column, row.after, old)
    for each in found:
        _seal_anew(column, each, row)
    if len(found) == BATCH:
        row.after = str(found[-1].pk)
    else:
        row.at, row.after = (later[0].name if later else "end"), ""
    row.save()
    if job_id is not None:
        queue.advance(job_id)
    return True


def _from(at: str, all_: Sequence[Sealed]) -> Sequence[Sealed]:
    names = [column.name for column in all_]
    if at == "end":
        return ()
    return all_[names.index(at) :] if at in names else all_


def _rows(column: Sealed, after: str, old: frozenset[str]) -> list[Any]:
    query = column.naming(old).select_related(*column.related).order_by("pk")
    if after:
        query = query.filter(pk__gt=column.model._meta.pk.to_python(after))
    return list(query.select_for_update(skip_locked=True, of=("self",))[:BATCH])


def _seal_anew(column: Sealed, each: Any, row: Reseal) -> None:
    try:
        sealed = column.again(each, bytes(getattr(each, column.field)))
    except CryptoError:
        row.unreadable += 1
        return
    column.model._default_manager.filter(pk=each.pk).update(**{column.field: sealed})
    row.values += 1


def _end_of_pass(row: Reseal, old: frozenset[str], *, actor: str) -> bool:
    """Over if only what can't be read is left; else, once more from the beginning."""
    left = sum(column.naming(old).count() for column in columns.of(Domain(row.domain)))
    if left > row.unreadable:
        row.at, row.after, row.unreadable = "", "", 0
        row.save()
        return True
    row.finished_at = timezone.now()
    row.save()
    log.record(
        Action.KEY_RESEALED,
        actor=actor,
        subject=f"keys:{row.domain}",
        domain=row.domain,
        values=row.values,
        unreadable=row.unreadable,
    )
    return False
