"""Columns of sealed bytes. Each floor declares its own once, in its module `sealed`.

The setting CONNECTOR_SEALED names those modules; each has a tuple SEALED.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db.models import BinaryField, Model, Q, QuerySet
from django.db.models.functions import Substr
from django.db.models.lookups import In
from django.utils.module_loading import import_string

from connector.crypto import envelope
from connector.crypto.envelope import Place
from connector.crypto.keyring import KEY_ID_BYTES, Domain


@dataclass(frozen=True, slots=True)
class Sealed:
    """One column of sealed bytes.

    Attributes:
        again: makes of a row and its bytes the same content, sealed under the primary keys.
        ids_at: where in the bytes the ids of the keys stand, counted from 1.
        related: what `again` reads beside the row, for select_related.
    """

    model: type[Model]
    field: str
    domain: Domain
    again: Callable[[Any, bytes], bytes]
    ids_at: tuple[int, ...] = (3,)
    related: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.model._meta.db_table}.{self.field}"

    def naming(self, key_ids: Iterable[str]) -> QuerySet[Model]:
        """The rows whose bytes name one of these keys."""
        ids = [bytes.fromhex(key_id) for key_id in key_ids]
        parts = (
            Substr(self.field, at, KEY_ID_BYTES, output_field=BinaryField()) for at in self.ids_at
        )
        named = reduce(or_, (Q(In(part, ids)) for part in parts))
        rows: QuerySet[Model] = self.model._default_manager.filter(named)
        return rows


def in_place(
    model: type[Model],
    field: str,
    domain: Domain,
    place: Callable[[Any], Place],
    *,
    related: tuple[str, ...] = (),
) -> Sealed:
    """A column that connector.crypto.envelope seals, for a place that the row tells."""

    def again(row: Any, blob: bytes) -> bytes:
        where = place(row)
        return envelope.seal(domain, envelope.open_sealed(domain, blob, place=where), place=where)

    return Sealed(model, field, domain, again, related=related)


def every() -> tuple[Sealed, ...]:
    """All columns of the box, in a fixed order."""
    return tuple(
        column for name in settings.CONNECTOR_SEALED for column in import_string(f"{name}.SEALED")
    )


def of(domain: Domain) -> tuple[Sealed, ...]:
    """The columns of one domain."""
    return tuple(column for column in every() if column.domain is domain)
