"""People's pages as the web process runs them."""

from collections.abc import Iterator

import pytest

from connector.crypto import keyring
from tests.conftest import as_role


@pytest.fixture(autouse=True)
def _web(settings: object, db: None) -> Iterator[None]:
    settings.CONNECTOR_KEYRING = "tests.keyrings.web"  # type: ignore[attr-defined]
    keyring.reset()
    with as_role("web"):
        yield
