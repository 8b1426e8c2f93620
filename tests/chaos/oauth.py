"""`python -m tests.chaos.oauth [--json]`: refreshes at once from many processes, and killed ones.

The server revokes a whole family when a refresh token is used twice, so a second refresh,
or a token that was used and not kept, is seen at once.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.world import World, box_with_a_grant

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Outcome:
    """What came of it. `locked_out` counts ends in "connect again" by where the kill fell."""

    parallel: int = 0
    processes: int = 0
    refreshed: int = 0
    reused: int = 0
    revoked: int = 0
    errors: int = 0
    tokens: int = 0
    seconds: float = 0
    window_ms: list[float] = field(default_factory=list)
    kills: int = 0
    points: dict[str, int] = field(default_factory=dict)
    locked_out: dict[str, int] = field(default_factory=dict)


@contextmanager
def oauth_process() -> Iterator[str]:
    """The server as a process of its own; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.oauth_server"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


def ask(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=20) as answer:
        return json.loads(answer.read())


@contextmanager
def refreshers(count: int, *arguments: str) -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes that are ready to refresh as soon as they read a line; all gone at the end."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.refresher", *arguments],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    try:
        for one in started:
            assert one.stdout
            assert one.stdout.readline() == "ready\n"
        yield started
    finally:
        for one in started:
            one.kill()
            one.wait()
            assert one.stdin and one.stdout
            one.stdin.close()
            one.stdout.close()


def at_once(url: str, world: World, *, parallel: int = 50, processes: int = 4) -> Outcome:
    """All ask for a token at the same moment; it has ended, so one of them refreshes it."""
    each = [parallel // processes + (n < parallel % processes) for n in range(processes)]
    outcome = Outcome(parallel=parallel, processes=processes)
    before = ask(f"{url}/admin")
    ask(f"{url}/admin", {"after_ms": 300})
    with refreshers(processes, world.slug) as started:
        begun = time.monotonic()
        for one, threads in zip(started, each, strict=True):
            assert one.stdin
            one.stdin.write(f"{threads}\n")
            one.stdin.flush()
        said = [_end(one) for one in started]
        outcome.seconds = round(time.monotonic() - begun, 2)
    counts = ask(f"{url}/admin")
    for name in ("refreshed", "reused", "revoked"):
        setattr(outcome, name, counts[name] - before[name])
    outcome.errors = sum(len(one["errors"]) for one in said)
    outcome.window_ms = [one for process in said for one in process["window_ms"]]
    outcome.tokens = len({token for one in said for token in one["tokens"]})
    ask(f"{url}/admin", {})
    return outcome


def killed(url: str, world: World, moments: Sequence[float | str]) -> Outcome:
    """Kill a process somewhere in its refresh and let another go on, for each moment.

    Args:
        moments: so many seconds after the system was asked, or the point it has just told of.
    """
    outcome, points, locked = Outcome(kills=len(moments)), Counter[str](), Counter[str]()
    ask(f"{url}/admin", {"before_ms": 60, "after_ms": 60})
    before = ask(f"{url}/admin")
    for moment in moments:
        world.renew()
        with refreshers(1, world.slug) as (victim,):
            point = _kill(victim, moment)
        points[point] += 1
        world.go_on()
        if world.state() != "ok":
            locked[point] += 1
    counts = ask(f"{url}/admin")
    for name in ("refreshed", "reused", "revoked"):
        setattr(outcome, name, counts[name] - before[name])
    outcome.points, outcome.locked_out = dict(points), dict(locked)
    ask(f"{url}/admin", {})
    return outcome


def _end(process: "subprocess.Popen[str]") -> Any:
    """What it says at its end; the points before are passed over."""
    assert process.stdout
    return next(json.loads(line) for line in process.stdout if line.startswith("{"))


def _kill(victim: "subprocess.Popen[str]", when: float | str) -> str:
    """Kill it at a point, or so long after it asked; answers the last point that it told of."""
    assert victim.stdin and victim.stdout
    told, lines, there = ["began"], victim.stdout, threading.Event()
    point, after_s = (when, 0.0) if isinstance(when, str) else ("asked", when)

    def listen() -> None:
        for line in lines:
            told.append("used" if line.startswith("{") else line.strip())
            if told[-1] == point:
                there.set()

    listener = threading.Thread(target=listen)
    listener.start()
    victim.stdin.write("1\n")
    victim.stdin.flush()
    if point != "began":
        there.wait(20)
    time.sleep(after_s)
    victim.kill()
    victim.wait()
    listener.join()
    return told[-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parallel", type=int, default=50)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one line of JSON, nothing else")
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with oauth_process() as url, box_with_a_grant(url) as world:
        first = at_once(url, world, parallel=asked.parallel, processes=asked.processes)
        second = killed(url, world, [chance.uniform(0, 0.3) for _ in range(asked.kills)])
    if asked.json:
        sys.stdout.write(json.dumps({"at_once": asdict(first), "killed": asdict(second)}) + "\n")
    else:
        sys.stdout.write(f"at once: {asdict(first)}\nkilled: {asdict(second)}\n")
    return int(not (is_right(first) and not second.locked_out.keys() & {"stored", "used"}))


def is_right(outcome: Outcome) -> bool:
    """One refresh, one token for all, nothing revoked."""
    return (outcome.refreshed, outcome.reused, outcome.errors, outcome.tokens) == (1, 0, 0, 1)


if __name__ == "__main__":
    sys.exit(main())
