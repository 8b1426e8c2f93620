"""Tables of the flows. No method here calls a network or the queue."""

from connector.flows.models.connections import Connection
from connector.flows.models.flows import Cursor, Flow, Schedule, Version
from connector.flows.models.ledger import Delivery, Payload, Route
from connector.flows.models.maps import ValueMap, ValueMapVersion
from connector.flows.models.runs import HeldRecord, Preview, Run

__all__ = [
    "Connection",
    "Cursor",
    "Delivery",
    "Flow",
    "HeldRecord",
    "Payload",
    "Preview",
    "Route",
    "Run",
    "Schedule",
    "ValueMap",
    "ValueMapVersion",
    "Version",
]
