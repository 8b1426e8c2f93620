"""Columns of the webhook receiver that hold sealed bytes."""

from connector.crypto.keyring import Domain
from connector.rekey.columns import in_place
from connector.webhooks.models import Endpoint, Event

SEALED = (
    in_place(Endpoint, "secret_sealed", Domain.RECEIVER, lambda row: row.place("secret")),
    in_place(Endpoint, "previous_sealed", Domain.RECEIVER, lambda row: row.place("previous")),
    in_place(Event, "body_sealed", Domain.PAYLOAD, lambda row: row.body_place),
)
