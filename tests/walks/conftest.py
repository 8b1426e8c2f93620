"""One running box for all walks of a test process: starting one takes seconds."""

from collections.abc import Iterator

import pytest

from tests.walks.live import Live, live_box


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A box that has done its main job, and logs as much as it ever does."""
    with live_box(
        tmp_path_factory.mktemp("box") / "home", bills=60, CONNECTOR_LOG_LEVEL="DEBUG"
    ) as box:
        box.main_job()
        yield box
