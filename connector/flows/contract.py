"""What a destination promises about calls that are repeated and records that are looked up."""

from dataclasses import dataclass

from connector.systems.spec import System
from connector.systems.spec_objects import ObjectSpec

BY_KEY = ("header", "query", "body")
SHARE_OF_WINDOW = 0.9


@dataclass(frozen=True, slots=True)
class Contract:
    """The promises of one object of one system.

    knows_keys: a call with the same key has its effect once, for `window_s` seconds
        (None = for ever: the address itself is the identity).
    unseen_s: so long a record that was just sent may not be shown by a look-up:
        the call may still be under way, and the index may lag.
    """

    knows_keys: bool
    window_s: float | None
    can_find: bool
    looks_first: bool
    unseen_s: float

    def may_repeat(self, operation: str, sent_s_ago: float) -> bool:
        """Whether the same call may be made again, byte for byte. An update always may."""
        if operation == "update":
            return True
        return self.knows_keys and (self.window_s is None or sent_s_ago < self.window_s)


def of(system: System, object_: str) -> Contract:
    """The promises that stand in the description."""
    spec: ObjectSpec = system.objects[object_]
    kind, window = spec.idempotency.kind, spec.idempotency.window_s
    lag = spec.find.lag_s if spec.find else 0
    return Contract(
        knows_keys=kind == "upsert" or kind in BY_KEY,
        window_s=window * SHARE_OF_WINDOW if window and kind in BY_KEY else None,
        can_find=spec.find is not None,
        looks_first=kind == "lookup" and spec.find is not None,
        unseen_s=float(max(lag, system.limits.timeout_s)),
    )
