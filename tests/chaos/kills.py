"""SIGKILL at random moments while bills flow; the count at the destination's own store decides."""

import os
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from appliance.quickstart.children import Children
from tests.walks.live import Live

OPEN = "SELECT count(*) FROM flows_run WHERE state IN ('queued', 'running')"
LATEST = "SELECT state FROM flows_run ORDER BY created_at DESC LIMIT 1"


@dataclass(slots=True)
class Outcome:
    """What came of it, counted at both ends."""

    kills: int = 0
    approved: int = 0
    arrived: int = 0
    doubled: int = 0
    uncertain: int = 0
    runs: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def lost(self) -> int:
        return self.approved - self.arrived


def kill_while_bills_flow(
    live: Live, *, kills: int, seed: int, between_s: tuple[float, float] = (0.3, 2.5)
) -> Outcome:
    """Run the bills flow, kill processes of the worker while it lasts, then let it end.

    Only kills while the run is open are made and counted, so the destination should be
    slow enough for as many as are asked for.

    Every kill picks one process of the worker's tree, its parent included; the whole
    worker is started anew if its parent was hit.
    """
    dice = random.Random(seed)
    outcome = Outcome()
    began = time.monotonic()
    live.manage("run", "bills-to-ap")
    while outcome.kills < kills and _goes_on(live):
        time.sleep(dice.uniform(*between_s))
        outcome.kills += _kill_one(live, dice)
    _let_it_end(live)
    _settle(live)
    outcome.seconds = round(time.monotonic() - began, 1)
    return _count(live, outcome)


def _goes_on(live: Live) -> bool:
    """Whether a run is open. One that was given up after kills without progress is begun anew,
    as an operator would; it is over once a run came to its end."""
    if live.rows(OPEN)[0][0]:
        return True
    if live.rows(LATEST)[0][0] == "finished":
        return False
    live.manage("run", "bills-to-ap")
    return True


def _kill_one(live: Live, dice: random.Random) -> int:
    parent = worker_of(live.box.children)
    tree = [parent, *descendants(parent)]
    victim = dice.choice(tree)
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    if victim == parent:
        start_worker_again(live.box.children)
    return 1


def worker_of(children: Children) -> int:
    """The parent of the worker's processes."""
    return next(child.pid for name, child in children.started if name == "worker")


def start_worker_again(children: Children) -> None:
    """After its parent was killed."""
    index, (name, child) = next(
        (index, one) for index, one in enumerate(children.started) if one[0] == "worker"
    )
    child.wait()
    del children.started[index]
    children.start(name, ["manage.py", "work"], process="worker")


def descendants(pid: int) -> list[int]:
    """Children of a process and theirs, from /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found, front = [], [pid]
    while front:
        front = [child for child, parent in parents.items() if parent in front]
        found += front
    return found


def _let_it_end(live: Live, seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while live.rows(OPEN)[0][0]:
        if time.monotonic() > deadline:
            raise AssertionError(f"a run is stuck: {live.rows('SELECT * FROM jobs_job')}")
        time.sleep(0.2)


def _settle(live: Live) -> None:
    """Two more runs over everything, undisturbed: the first settles, the second finds nothing."""
    live.run("bills-to-ap", "--full")
    last = live.run("bills-to-ap", "--full")
    assert last["delivered"] == 0, last


def _count(live: Live, outcome: Outcome) -> Outcome:
    there = live.ask("ap", "/admin/stats")
    approved = live.rows(
        "SELECT count(*) FROM flows_delivery d JOIN flows_route r"
        " ON r.id = d.route_id WHERE r.object = 'bill'"
    )[0][0]
    outcome.approved = approved
    outcome.arrived = there["bills"]
    outcome.doubled = sum(number - 1 for number in there["repeated_references"].values())
    outcome.uncertain = live.rows("SELECT count(*) FROM flows_delivery WHERE state <> 'delivered'")[
        0
    ][0]
    outcome.runs = dict(live.rows("SELECT state, count(*) FROM flows_run GROUP BY state"))
    return outcome
