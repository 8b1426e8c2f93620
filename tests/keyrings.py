"""Keyrings for tests, made as a box makes them from a root that is no box's."""

from appliance.keyrings import derive
from appliance.keyrings.held import HeldKeys

ROOT = bytes(range(32))
OTHER_ROOT = bytes(range(32, 64))


def web(root: bytes = ROOT) -> HeldKeys:
    """What the web process holds: it seals credentials and can't open them."""
    return HeldKeys(derive.cell_of(root), derive.keys_of(root, "web"))


def worker(root: bytes = ROOT) -> HeldKeys:
    """What the worker holds."""
    return HeldKeys(derive.cell_of(root), derive.keys_of(root, "worker"))


def both(root: bytes = ROOT) -> HeldKeys:
    """Everything: the worker's keys include all that web holds."""
    return worker(root)
