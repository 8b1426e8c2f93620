"""Columns of the flows that hold sealed bytes."""

from connector.crypto.keyring import Domain
from connector.flows.models import (
    Connection,
    Delivery,
    HeldRecord,
    Payload,
    Preview,
    Run,
    ValueMapVersion,
    Version,
)
from connector.rekey.columns import Sealed, in_place


def _of_delivery(field: str) -> Sealed:
    return in_place(Delivery, f"{field}_sealed", Domain.PAYLOAD, lambda row: row.place(field))


def _of_payload(field: str) -> Sealed:
    return in_place(
        Payload,
        f"{field}_sealed",
        Domain.PAYLOAD,
        lambda row: row.delivery.place(f"payload {field}"),
        related=("delivery",),
    )


SEALED = (
    in_place(Connection, "settings_sealed", Domain.CONFIG, lambda row: row.settings_place),
    in_place(Connection, "account_sealed", Domain.CONFIG, lambda row: row.account_place),
    in_place(Version, "sealed", Domain.CONFIG, lambda row: row.place),
    in_place(ValueMapVersion, "sealed", Domain.CONFIG, lambda row: row.place),
    in_place(Preview, "draft_sealed", Domain.CONFIG, lambda row: row.draft_place),
    in_place(Preview, "result_sealed", Domain.PAYLOAD, lambda row: row.result_place),
    in_place(Run, "input_sealed", Domain.PAYLOAD, lambda row: row.input_place),
    in_place(Run, "position_sealed", Domain.PAYLOAD, lambda row: row.position_place),
    in_place(HeldRecord, "record_sealed", Domain.PAYLOAD, lambda row: row.record_place),
    in_place(HeldRecord, "problems_sealed", Domain.PAYLOAD, lambda row: row.problems_place),
    _of_delivery("source_key"),
    _of_delivery("request"),
    _of_delivery("remote"),
    _of_delivery("problem"),
    _of_payload("record"),
    _of_payload("request"),
    _of_payload("answer"),
)
