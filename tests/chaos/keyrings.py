"""`python -m tests.chaos.keyrings`: keys rotated under a running box; a box without its keyrings

A box that has done its main job is started again with keyrings that are missing, malformed and
another box's. It has to stay up, say so and change nothing; with the right ones it has to go on by
itself, without a restart, and run what was asked for meanwhile.
"""

import json
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from appliance.keyrings.create import create_keyrings
from appliance.quickstart.box import gunicorn
from tests.walks.live import Live, live_box, wait_until

KEPT = ("vault_credentialversion", "flows_version", "flows_connection", "flows_delivery")
HOLD_S = 6.0
ROTATED = ("vault", "config", "payload", "receiver", "people", "audit")


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="mlc-keyrings-"))
    (folder / "other").mkdir(mode=0o700)
    create_keyrings(folder / "other", passphrase=None)
    harms: Mapping[str, Callable[[Path], object]] = {
        "missing": lambda file: None,
        "malformed": lambda file: _write(file, b"-----BEGIN PRIVATE KEY-----\n"),
        "cut": lambda file: _write(file, (folder / "right" / file.name).read_bytes()[:-50]),
        "open to others": lambda file: _write(
            file, (folder / "right" / file.name).read_bytes(), mode=0o644
        ),
        "of another box": lambda file: _write(file, (folder / "other" / file.name).read_bytes()),
    }
    try:
        with live_box(folder / "home", bills=60, CONNECTOR_LEASE_S="2") as live:
            live.main_job()
            found = {"rotated while it runs": rotated(live)}
            found |= {name: started_with(live, folder, harm) for name, harm in harms.items()}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return int(not all(all(one.values()) for one in found.values()))


def rotated(live: Live) -> dict[str, bool]:
    """New keys for every domain that has some, and the old ones gone, without any restart."""
    pids = [child.pid for _, child in live.box.children.started]
    told = []
    for domain in ROTATED:
        told.append(live.manage("keys", "rotate", domain, process="owner"))
        run = live.run("bills-to-ap", "--full")
    resealed = live.manage("keys", "reseal", "people", process="owner")
    wait_until(lambda: live.rows("SELECT 1 FROM rekey_reseal WHERE finished_at IS NULL") == [])
    retired = [live.manage("keys", "retire", each, process="owner") for each in ROTATED]
    status = live.manage("keys", "status", process="owner")
    after = live.run("bills-to-ap", "--full")
    return {
        "rotated": not any(done.returncode for done in (*told, resealed)),
        "all_but_audit_retired": [done.returncode for done in retired] == [0, 0, 0, 0, 0, 3],
        "only_audit_has_older": {
            line.split()[1] for line in status.stdout.splitlines() if line.endswith("older")
        }
        == {"audit"},
        "runs_went_on": run["state"] == after["state"] == "finished",
        "nothing_sent_twice": after["delivered"] == 0 and after["unchanged"] > 0,
        "page": _status(live, "/sign-in/") == 200,
        "no_restart": [child.pid for _, child in live.box.children.started] == pids,
    }


def started_with(live: Live, folder: Path, harm: Callable[[Path], object]) -> dict[str, bool]:
    """Stop, do harm, start, look, mend, look again."""
    right = folder / "right"
    right.mkdir(exist_ok=True)
    files = [live.home.keyring(process) for process in ("web", "worker")]
    _stop(live)
    before = _rows(live)
    said = {name: (live.home.log / f"{name}.log").stat().st_size for name in ("web", "worker")}
    for file in files:
        shutil.copy2(file, right / file.name)
        file.unlink()
        harm(file)
    harmed = _contents(files)
    _start(live)
    wait_until(lambda: _status(live, "/health/live") == 200)
    (connection,) = live.rows("SELECT id::text FROM flows_connection LIMIT 1")[0]
    job = live.plant("flows.test", {"connection": connection})
    time.sleep(HOLD_S)
    logs = {name: (live.home.log / f"{name}.log").read_bytes()[said[name] :] for name in said}
    looked = {
        "pages_503": {_status(live, path) for path in ("/", "/sign-in/", "/health/ready")} == {503},
        "webhook_503": _status(live, "/hooks/any/", b"{}") == 503,
        "both_up": live.box.children.dead() is None,
        "job_waits": live.rows("SELECT state FROM jobs_job WHERE id = %s", job) == [("waiting",)],
        "worker_said_once": logs["worker"].count(b"no job is taken") == 1,
        "nothing_changed": _rows(live) == before,
        "files_left": _contents(files) == harmed,
    }
    for file in files:
        file.unlink(missing_ok=True)
        shutil.copy2(right / file.name, file)
    wait_until(lambda: _status(live, "/sign-in/") == 200)
    wait_until(lambda: live.rows("SELECT state FROM jobs_job WHERE id = %s", job) == [("done",)])
    run = live.run("bills-to-ap", "--full")
    return {**looked, "went_on": run["state"] == "finished" and run["rejected"] == 0}


def _contents(files: Sequence[Path]) -> list[bytes | None]:
    return [file.read_bytes() if file.exists() else None for file in files]


def _write(file: Path, content: bytes, mode: int = 0o600) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
    file.chmod(mode)


def _stop(live: Live) -> None:
    children = live.box.children
    for name, child in [one for one in children.started if one[0] in ("web", "worker")]:
        child.terminate()
        child.wait(30)
        children.started.remove((name, child))


def _start(live: Live) -> None:
    port = int(live.box.url.rpartition(":")[2])
    live.box.children.start("web", gunicorn(port), process="web")
    live.box.children.start("worker", ["manage.py", "work"], process="worker")


def _rows(live: Live) -> list[object]:
    return [
        live.rows(f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} t")
        for table in KEPT
    ]


def _status(live: Live, path: str, body: bytes | None = None) -> int:
    request = urllib.request.Request(live.box.url + path, data=body)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
