"""`python -m tests.chaos.rotation [--credentials N] [--kills N] [--seed N] [--json]`

The vault's keys are rotated over many credentials while the worker that seals them anew is killed
at random moments. What counts is looked up afterwards, with nothing running: every credential
opens, and none names an old key.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from appliance.keyrings import files
from appliance.quickstart.children import ROOT, environment
from tests.chaos.kills import descendants, start_worker_again, worker_of
from tests.walks.live import Live, live_box

MAKE = """
from django.db import transaction
from connector.crypto.secret import Secret
from connector.vault import store
with transaction.atomic():
    for number in range(int(sys.argv[1])):
        store.create(label=f"c{number}", system="bill", hosts=["api.example"], actor="chaos",
                     fields={"key": Secret(f"secret of c{number}")})
"""
ADOPT = """
from connector.crypto import vault_box
for version in MINE.filter(credential__label__regex="[02468]$"):
    sealed = vault_box.rewrap(bytes(version.sealed), expected=version.binding)
    MINE.filter(pk=version.pk).update(sealed=sealed, adopted=True)
"""
OPEN = """
from connector.crypto import vault_box
opened = 0
for version in MINE:
    fields = vault_box.open_box(bytes(version.sealed), expected=version.binding)
    opened += fields["key"].reveal() == f"secret of {version.credential.label}"
print(opened)
"""
BEFORE = """
import sys, django
django.setup()
from connector.vault.models import CredentialVersion
MINE = CredentialVersion.objects.filter(created_by="chaos").select_related("credential")
"""
NAMES_OLD = """
SELECT count(*) FROM vault_credentialversion
WHERE encode(substring(sealed FROM 3 FOR 8), 'hex') = ANY(%s)
   OR encode(substring(sealed FROM 11 FOR 8), 'hex') = ANY(%s)
"""


@dataclass(slots=True)
class Outcome:
    """What came of it, counted with everything at rest."""

    credentials: int = 0
    rotations: int = 1
    kills: int = 0
    opened: int = 0
    under_old_keys: int = 0
    retired: bool = False
    opened_after_retiring: int = 0
    seconds: float = 0.0


def kill_while_resealing(live: Live, *, credentials: int, kills: int, seed: int) -> Outcome:
    """Rotate the vault, kill processes of the worker until the walk is done, then look."""
    dice = random.Random(seed)
    _run(live, MAKE, str(credentials), process="web")
    _run(live, ADOPT)
    outcome = Outcome(credentials)
    began = time.monotonic()
    _manage(live, "keys", "rotate", "vault")
    while outcome.kills < kills:
        if _finished(live):  # too fast to be killed so often: once more
            _manage(live, "keys", "rotate", "vault")
            outcome.rotations += 1
        _wait_for(live, _values(live) + dice.randrange(3 * credentials // (2 * kills)))
        time.sleep(dice.uniform(0, 0.02))
        if not _finished(live):
            _kill_worker(live)
            outcome.kills += 1
    _wait_for(live, None)
    outcome.seconds = round(time.monotonic() - began, 1)
    outcome.opened = int(_run(live, OPEN))
    old = _older_keys(live)
    outcome.under_old_keys = live.rows(NAMES_OLD, old, old)[0][0]
    outcome.retired = "Retired" in _manage(live, "keys", "retire", "vault")
    outcome.opened_after_retiring = int(_run(live, OPEN))
    return outcome


def is_right(outcome: Outcome, *, kills: int) -> bool:
    """Every kill was made while the walk went on; all open, none names an old key."""
    return (
        outcome.kills == kills
        and outcome.opened == outcome.opened_after_retiring == outcome.credentials
        and outcome.under_old_keys == 0
        and outcome.retired
    )


def _run(live: Live, code: str, *arguments: str, process: str = "worker") -> str:
    """Run code in a process with the settings, keys and rights of a process of the box."""
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + code, *arguments],
        env=environment(live.home, process),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _manage(live: Live, *command: str) -> str:
    done = live.manage(*command, process="owner")
    assert done.returncode == 0, done.stderr
    return done.stdout


def _older_keys(live: Live) -> list[str]:
    held = files.read(live.home.keyring("worker")).keyring
    return [k.id for k in held.all_keys() if held.primary(k.domain, role=k.role).id != k.id]


def _kill_worker(live: Live) -> None:
    """All its processes at once, wherever each of them is; then it is started again."""
    parent = worker_of(live.box.children)
    for pid in (parent, *descendants(parent)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    start_worker_again(live.box.children)


def _wait_for(live: Live, values: int | None, *, seconds: float = 300.0) -> None:
    """Until so many values are sealed anew, or all."""
    deadline = time.monotonic() + seconds
    while not _finished(live) and (values is None or _values(live) < values):
        assert time.monotonic() < deadline, live.rows("SELECT * FROM rekey_reseal, jobs_job")
        time.sleep(0.02)


def _values(live: Live) -> int:
    return int(live.rows('SELECT "values" FROM rekey_reseal')[0][0])


def _finished(live: Live) -> bool:
    return bool(live.rows("SELECT 1 FROM rekey_reseal WHERE finished_at IS NOT NULL"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--credentials", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mlc-rotation-"))
    try:
        with live_box(folder / "home", bills=1, CONNECTOR_LEASE_S="2") as live:
            outcome = kill_while_resealing(
                live, credentials=asked.credentials, kills=asked.kills, seed=asked.seed
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    words = json.dumps(asdict(outcome)) if asked.json else repr(outcome)
    sys.stdout.write(words + "\n")
    return int(not is_right(outcome, kills=asked.kills))


if __name__ == "__main__":
    sys.exit(main())
