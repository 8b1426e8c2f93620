"""Keyrings for tests, made as a box makes them from a root that is no box's."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.test import override_settings

from appliance.keyrings import derive
from appliance.keyrings.held import HeldKeys
from connector.crypto import keyring
from connector.crypto.keyring import Domain

ROOT = bytes(range(32))
OTHER_ROOT = bytes(range(32, 64))


def web(root: bytes = ROOT) -> HeldKeys:
    """What the web process holds: it seals credentials and can't open them."""
    return HeldKeys(derive.cell_of(root), derive.keys_of(root, "web"))


def worker(root: bytes = ROOT) -> HeldKeys:
    """What the worker holds."""
    return HeldKeys(derive.cell_of(root), derive.keys_of(root, "worker"))


def both(root: bytes = ROOT, generations: derive.Generations = derive.FIRST) -> HeldKeys:
    """Everything that web and worker hold."""
    of_worker = derive.keys_of(root, "worker", generations)
    kinds = {(key.domain, key.role) for key in of_worker}
    of_web = derive.keys_of(root, "web", generations)
    web_alone = (k for k in of_web if (k.domain, k.role) not in kinds)
    return HeldKeys(derive.cell_of(root), (*of_worker, *web_alone))


def rotated() -> HeldKeys:
    """The same box after one rotation of every domain: new keys in front, old ones kept."""
    return both(generations=dict.fromkeys(Domain, (2, 1)))


def retired() -> HeldKeys:
    """The same box once more, without the old keys."""
    return both(generations=dict.fromkeys(Domain, (2,)))


def other_box() -> HeldKeys:
    """Everything that another box holds."""
    return both(OTHER_ROOT)


@contextmanager
def holding(name: str) -> Iterator[None]:
    """Hold the keyring that the function `name` of this module makes."""
    with override_settings(CONNECTOR_KEYRING=f"tests.keyrings.{name}"):
        keyring.reset()
        try:
            yield
        finally:
            keyring.reset()
