"""What a destination promises about calls that are repeated and records that are looked up."""

from dataclasses import dataclass

from connector.systems.client import Client


@dataclass(frozen=True, slots=True)
class Contract:
    """The promises of one object of one system.

    create_s, update_s: for so long after the first try the same call, byte for byte,
        may be made again; 0 is never.
    can_find, can_read: a record can be looked up without its id, or read by it.
    unseen_s: so long a record that was just sent may not be shown by a look-up: the
        call may still be under way there, and the index may lag.
    """

    create_s: float
    update_s: float
    can_find: bool
    can_read: bool
    looks_first: bool
    unseen_s: float

    def may_repeat(self, operation: str, sent_s_ago: float) -> bool:
        """Whether the same call may be made again now."""
        return sent_s_ago < (self.update_s if operation == "update" else self.create_s)


def of(client: Client, object_: str) -> Contract:
    """The promises that stand in the description."""
    find = client.system.objects[object_].find
    lag_s = find.lag_s if find else 0
    return Contract(
        create_s=client.repeat_window_s(object_, "create"),
        update_s=client.repeat_window_s(object_, "update"),
        can_find=client.can_find(object_),
        can_read=client.can_read_back(object_),
        looks_first=client.looks_first(object_),
        unseen_s=float(max(lag_s, client.system.limits.timeout_s)),
    )
