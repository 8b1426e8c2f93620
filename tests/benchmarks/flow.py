"""How long a flow takes for its bills, against a bare `requests` loop that posts the same bodies.

    python -m tests.benchmarks.flow [--quick] [--json] [--bills N]

A whole box runs: Postgres with its default durability, worker and both practice
systems as processes. The flow reads, maps, seals, keeps its ledger and posts; the
bare loop only posts, with as many threads as the flow's destination allows, to a
second ledger that is empty as well. `ratio` is flow / bare, by the wall clock, of
the same machine in one run. `worker_mb` is the resident size of the process that
ran the flow, at its end.
"""

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from appliance.quickstart.children import Children
from tests.chaos.kills import descendants
from tests.walks.live import Live, live_box

CONCURRENT = 16  # as in the description of the practice ledger
SHARE_APPROVED = 0.64


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="400 bills, within 50 s")
    parser.add_argument("--bills", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    bills = 400 if asked.quick else asked.bills
    folder = Path(tempfile.mkdtemp(prefix="mlc-bench-"))
    try:
        with live_box(
            folder / "home", bills=int(bills / SHARE_APPROVED), CONNECTOR_WORKERS="1"
        ) as live:
            figures = measure(live, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for name, value in figures.items():
        sys.stdout.write(f"{value:>12}  {name}\n")
    if asked.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def measure(live: Live, folder: Path) -> dict[str, float]:
    """Run the flow, then post what it posted once more by the bare loop."""
    live.prepare_flows()
    done = live.run("bills-to-ap")
    ((flow_s,),) = live.rows(
        "SELECT extract(epoch FROM finished_at - started_at)::float FROM flows_run"
        " WHERE delivered > 0 ORDER BY delivered DESC LIMIT 1"
    )
    worker_mb = max(_resident_mb(pid) for pid in _worker_pids(live.box.children))
    bodies = _bodies(live)
    bare_s = _bare(live, folder, bodies)
    return {
        "bills": done["delivered"],
        "flow_s": round(flow_s, 2),
        "bare_s": round(bare_s, 2),
        "flow_per_s": round(done["delivered"] / flow_s),
        "bare_per_s": round(len(bodies) / bare_s),
        "ratio": round(flow_s / bare_s * len(bodies) / done["delivered"], 2),
        "worker_mb": round(worker_mb, 1),
    }


def _bodies(live: Live) -> list[bytes]:
    """What the flow posted, made anew from what the ledger holds."""
    url, keys = live.state["ap_url"], live.keys("ap")
    session = requests.Session()
    session.headers["X-Session-Id"] = _sign_in(url, keys)
    found: list[Any] = []
    while True:
        page = session.get(f"{url}/v2/bills", params={"limit": 500, "offset": len(found)}).json()
        found += page["items"]
        if len(found) >= page["total"]:
            break
    drop = {"id", "status", "version", "created_at", "updated_at", "paid"}
    return [
        json.dumps({name: value for name, value in one.items() if name not in drop}).encode()
        for one in found
    ]


def _bare(live: Live, folder: Path, bodies: list[bytes]) -> float:
    """The bare loop: a session a thread, nothing read, nothing kept."""
    home = folder / "bare"
    shutil.copytree(
        Path(live.state["ap_keys"]).parent, home, ignore=shutil.ignore_patterns("*.sqlite*", "port")
    )
    ready = live.box.children.start_saying(
        "bare", ["-m", "connector.sandbox", "ap", "--home", str(home), "--vendors", "40"]
    )
    url = str(ready["url"])
    ours = threading.local()
    session_id = _sign_in(url, live.keys("ap"))

    def post(number: int) -> int:
        if not hasattr(ours, "session"):
            ours.session = requests.Session()
            ours.session.headers["X-Session-Id"] = session_id
            ours.session.headers["Content-Type"] = "application/json"
        answer = ours.session.post(
            f"{url}/v2/bills", data=bodies[number], headers={"Idempotency-Key": f"bare-{number}"}
        )
        return int(answer.status_code)

    with ThreadPoolExecutor(CONCURRENT) as pool:
        began = time.monotonic()
        statuses = list(pool.map(post, range(len(bodies))))
        seconds = time.monotonic() - began
    wrong = [status for status in statuses if status >= 300]
    if wrong:
        raise SystemExit(f"the bare loop was refused: {wrong[:3]}")
    return seconds


def _sign_in(url: str, keys: dict[str, str]) -> str:
    answer = requests.post(
        f"{url}/login", json={"user": keys["user"], "password": keys["password"]}, timeout=10
    )
    return str(answer.json()["session_id"])


def _worker_pids(children: Children) -> list[int]:
    parent = next(child.pid for name, child in children.started if name == "worker")
    return descendants(parent)


def _resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except FileNotFoundError:
        return 0.0
    return pages * 4096 / 1e6


if __name__ == "__main__":
    sys.exit(main())
