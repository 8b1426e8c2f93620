"""A whole box with two practice systems, in one command."""

import json
import subprocess
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from appliance.database.errors import PostgresFailed
from appliance.home import Home, current_home
from appliance.quickstart.box import Box, CannotStart, running_box
from appliance.quickstart.children import ROOT, ChildFailed, environment

PORT = 8765
MOST_PORT = 65_535
LOOK_S = 0.5
WORDS = (
    ("vendors_posted", "vendors went to the AP ledger"),
    ("bills_read", "bills were read from the ERP"),
    ("bills_posted", "approved bills were posted"),
    ("bills_skipped", "were not approved and stayed"),
    ("bills_held", "are held for a person"),
    ("duplicates", "were posted twice"),
    ("webhooks_accepted", "signed webhooks were taken"),
    ("webhooks_rejected", "forged webhooks were refused"),
    ("audit_entries", "entries stand in the audit log"),
)


class Command(BaseCommand):
    help = (
        "Start Postgres, two practice systems, console and worker on this machine, connect them "
        "and move the first bills. Ctrl-C stops everything."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="run the main job, then stop")
        parser.add_argument("--json", action="store_true", help="the summary as the last line")
        parser.add_argument("--port", type=_port, default=PORT, help=f"of the console ({PORT})")

    def handle(self, *, once: bool, json: bool, port: int, **options: object) -> None:
        began = time.monotonic()
        home = current_home() or Home(Path(".home").resolve())
        try:
            with running_box(home, port=port) as box:
                summary = self._main_job(box)
                summary["seconds"] = round(time.monotonic() - began, 1)
                self._say(box, summary, json)
                if not once:
                    self._stay(box)
        except (CannotStart, ChildFailed, PostgresFailed) as failed:
            raise CommandError(str(failed), returncode=1) from None
        except KeyboardInterrupt:
            self.stderr.write("stopped")
            return
        if once and not _is_right(summary):
            raise CommandError("The main job did not do what it should.", returncode=1)

    def _main_job(self, box: Box) -> dict[str, Any]:
        self.stderr.write(f"box at {box.home.path}, console at {box.url}")
        done = subprocess.run(
            [sys.executable, "manage.py", "practice"],
            env=environment(box.home, "web"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ChildFailed(f"the main job failed: {done.stderr.strip()[-2_000:]}")
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return said

    def _say(self, box: Box, summary: dict[str, Any], as_json: bool) -> None:
        token = summary.pop("setup_token")
        if token:
            self.stderr.write(f"Make the first account: {box.url}/set-up/{token}/")
        if as_json:
            self.stdout.write(json.dumps(summary))
            return
        for name, words in WORDS:
            self.stdout.write(f"{summary[name]:>6}  {words}")
        self.stdout.write(f"{summary['seconds']:>6}  seconds from start to here")
        self.stdout.write(f"Console: {box.url}/")

    def _stay(self, box: Box) -> None:
        self.stderr.write("Ctrl-C stops everything.")
        while True:
            dead = box.children.dead()
            if dead:
                log = box.home.log / f"{dead}.log"
                raise ChildFailed(f"{dead} ended by itself; its last words are in {log}")
            time.sleep(LOOK_S)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > MOST_PORT:
        raise ArgumentTypeError(f"a port is a number from 0 to {MOST_PORT}")
    return int(text)


def _is_right(summary: dict[str, Any]) -> bool:
    return bool(summary["duplicates"] == 0 and summary["bills_at_destination"] > 0)
