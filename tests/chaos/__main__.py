"""`python -m tests.chaos [--kills N] [--bills N] [--seed N]`: the long run, by hand."""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.chaos.kills import kill_while_bills_flow
from tests.walks.live import live_box


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--bills", type=int, default=1_500)
    parser.add_argument("--slow-ms", type=int, default=1_500, help="so that there is time")
    parser.add_argument("--drops", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mlc-chaos-"))
    settings = {"CONNECTOR_LEASE_S": "3", "CONNECTOR_SLICE_S": "5"}
    try:
        with live_box(folder / "home", bills=asked.bills, **settings) as live:
            live.prepare_flows()
            live.ask(
                "ap",
                "/admin/faults",
                {"drop_after_commit": asked.drops, "seed": asked.seed, "slow_ms": asked.slow_ms},
            )
            outcome = kill_while_bills_flow(live, kills=asked.kills, seed=asked.seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(json.dumps({**asdict(outcome), "lost": outcome.lost}) + "\n")
    wrong = outcome.lost or outcome.doubled or outcome.uncertain or outcome.kills < asked.kills
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
