"""Links of a page, answered from the ledger in one query a pair of stream and object."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q

from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows.identity import Names
from connector.flows.mapping.links import LinkKey
from connector.flows.models import Delivery, Route
from connector.systems.reading.key import joined, separated

THERE = Q(state=Delivery.State.DELIVERED) | Q(
    operation=Delivery.Operation.UPDATE, remote_key__isnull=False
)


def answers(route: Route, keys: Iterable[LinkKey]) -> dict[LinkKey, str]:
    """Remote ids for links forward, source keys for links back.

    Only what is there answers: delivered, or delivered once and a change of it is still open
    or was refused. What has no answer is missing from the result.
    """
    asked: dict[tuple[str, str, bool], list[LinkKey]] = defaultdict(list)
    for key in keys:
        asked[(key.stream, key.object, key.back)].append(key)
    found: dict[LinkKey, str] = {}
    for (stream, object_, back), alike in asked.items():
        other = _route(route, stream, object_, back=back)
        if other is not None:
            found |= _back(other, alike) if back else _forward(other, alike)
    return found


def _route(route: Route, stream: str, object_: str, *, back: bool) -> Route | None:
    """Forward links follow the flow's own direction; back links the opposite one."""
    here, there = route.source_id, route.destination_id
    return Route.objects.filter(
        source_id=there if back else here,
        destination_id=here if back else there,
        stream=stream,
        object=object_,
    ).first()


def _forward(route: Route, keys: Sequence[LinkKey]) -> dict[LinkKey, str]:
    names = Names.of(route)
    by_hash = {names.source_key(joined(key.parts)): key for key in keys}
    rows = Delivery.objects.filter(THERE, route=route, source_key__in=list(by_hash)).only(
        "route_id", "source_key", "remote_sealed"
    )
    return {by_hash[bytes(row.source_key)]: remote_of(row)["id"] for row in rows}


def _back(route: Route, keys: Sequence[LinkKey]) -> dict[LinkKey, str]:
    names = Names.of(route)
    by_hash = {names.remote_key(key.parts[0]): key for key in keys}
    rows = Delivery.objects.filter(THERE, route=route, remote_key__in=list(by_hash)).only(
        "route_id", "source_key", "remote_key", "source_key_sealed"
    )
    return {by_hash[bytes(row.remote_key or b"")]: source_key_of(row) for row in rows}


def remote_of(row: Delivery) -> dict[str, Any]:
    """`{"id": …, "take": {…}}` of a delivered row."""
    opened: dict[str, Any] = envelope.open_json(
        Domain.PAYLOAD, bytes(row.remote_sealed), place=row.place("remote")
    )
    return opened


def source_key_of(row: Delivery) -> str:
    """The key of the record at its source, in clear."""
    return envelope.open_sealed(
        Domain.PAYLOAD, bytes(row.source_key_sealed), place=row.place("source_key")
    ).decode()


def parts_of(key: str) -> tuple[str, ...]:
    """The columns of a key that `joined` made one text of."""
    return tuple(separated(key))
