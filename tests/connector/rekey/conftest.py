"""A box with one of everything, for tests of its keys."""

import pytest

from connector.flows.models import Flow
from tests.connector.console import box


@pytest.fixture
def flow(db: None) -> Flow:
    return box.a_busy_box()
