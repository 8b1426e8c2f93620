"""What was read and sent, kept sealed for a while so that a person can look at it (S18)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows.models import Delivery, Payload, Preview
from connector.flows.page import ToSend
from connector.flows.values import encode

if TYPE_CHECKING:
    from connector.flows.runner import Slice

KEPT = timedelta(days=7)
PREVIEWS_KEPT = timedelta(minutes=15)
AT_ONCE = 1_000


def keep(slice_: "Slice", sent: Sequence[ToSend], written: set[int]) -> None:
    """Keep record and mapped values of the deliveries that were just recorded."""
    if not written:
        return
    route = slice_.compiled.route
    ids = {
        bytes(key): pk
        for pk, key in Delivery.objects.filter(pk__in=written).values_list("id", "source_key")
    }
    until = timezone.now() + KEPT
    rows = []
    for one in sent:
        pk = ids.get(one.record.source_key)
        if pk is None:
            continue
        row = Delivery(route=route, source_key=one.record.source_key)
        rows.append(
            Payload(
                delivery_id=pk,
                record_sealed=envelope.seal_json(
                    Domain.PAYLOAD, one.record.raw, place=row.place("payload record")
                ),
                request_sealed=envelope.seal_json(
                    Domain.PAYLOAD, encode(one.values), place=row.place("payload request")
                ),
                kept_until=until,
            )
        )
    Payload.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["delivery"],
        update_fields=["record_sealed", "request_sealed", "kept_until"],
    )


def opened(delivery: Delivery) -> dict[str, object] | None:
    """`{"record": …, "request": …}` in clear, or None when the kept time is over."""
    row = Payload.objects.filter(delivery=delivery, kept_until__gt=timezone.now()).first()
    if row is None:
        return None
    return {
        "record": envelope.open_json(
            Domain.PAYLOAD, bytes(row.record_sealed), place=delivery.place("payload record")
        ),
        "request": envelope.open_json(
            Domain.PAYLOAD, bytes(row.request_sealed), place=delivery.place("payload request")
        ),
    }


def clean_up() -> int:
    """Delete what is kept no longer, a batch at a time. Answers how many rows went."""
    now = timezone.now()
    old = Payload.objects.filter(kept_until__lte=now).values("pk")[:AT_ONCE]
    gone = Payload.objects.filter(pk__in=old).delete()[0]
    stale = Preview.objects.filter(created_at__lt=now - PREVIEWS_KEPT).values("pk")[:AT_ONCE]
    return gone + Preview.objects.filter(pk__in=stale).delete()[0]
