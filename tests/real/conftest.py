"""A box and a Tryton beside it, connected as its own files say."""

import os
from collections.abc import Iterator

import pytest

from tests.real.joined import Joined, joined
from tests.real.tryton import CannotInstall, Tryton, running_tryton


@pytest.fixture(scope="module")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tryton]:
    """A running Tryton. Without its packages the tests are skipped; in CI they fail."""
    try:
        with running_tryton(tmp_path_factory.mktemp("tryton")) as running:
            yield running
    except CannotInstall as why:
        if os.environ.get("CI") == "true":
            pytest.fail(str(why))
        pytest.skip(f"NOT TESTED against a real ERP. {why}")


@pytest.fixture(scope="module")
def both(tryton: Tryton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Joined]:
    """A box that knows Tryton and both practice systems."""
    with joined(tryton, tmp_path_factory.mktemp("joined")) as running:
        yield running
