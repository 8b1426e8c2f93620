"""A short run of the kills, for every change; the long one is `python -m tests.chaos`"""

from pathlib import Path

import pytest

from tests.chaos.kills import kill_while_bills_flow
from tests.walks.live import live_box

pytestmark = pytest.mark.chaos


def test_bills_arrive_exactly_once_though_the_worker_is_killed_again_and_again(
    tmp_path: Path,
) -> None:
    settings = {"CONNECTOR_LEASE_S": "2", "CONNECTOR_SLICE_S": "3"}
    with live_box(tmp_path / "home", bills=500, **settings) as live:
        live.prepare_flows()
        live.ask("ap", "/admin/faults", {"drop_after_commit": 0.05, "seed": 7, "slow_ms": 400})

        outcome = kill_while_bills_flow(live, kills=6, seed=7, between_s=(0.3, 1.5))

    assert outcome.kills == 6
    assert outcome.approved > 200
    assert outcome.lost == 0
    assert outcome.doubled == 0
    assert outcome.uncertain == 0
