"""Run one flow."""

import json
import time
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from connector.flows import dispatch
from connector.flows.errors import FlowsError
from connector.flows.models import Flow, Run

LOOK_S = 0.1
SUMS = ("read", "delivered", "unchanged", "skipped", "held", "rejected", "uncertain")


class Command(BaseCommand):
    help = "Start a run of a flow; with --wait, until it is over, and say what came of it."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("flow", help="slug of the flow")
        parser.add_argument("--full", action="store_true", help="read everything again")
        parser.add_argument("--wait", action="store_true", help="until the run is over")
        parser.add_argument("--seconds", type=int, default=600, help="how long to wait")
        parser.add_argument("--json", action="store_true", help="one JSON object on the last line")

    def handle(
        self, *, flow: str, full: bool, wait: bool, seconds: int, json: bool, **options: object
    ) -> None:
        row = Flow.objects.select_related("current").filter(slug=flow).first()
        if row is None:
            known = ", ".join(Flow.objects.order_by("slug").values_list("slug", flat=True)[:20])
            raise CommandError(f'there is no flow "{flow}"; known: {known or "none"}', returncode=3)
        kind = Run.Kind.FULL if full else Run.Kind.INCREMENTAL
        try:
            run = dispatch.start(row, cause=Run.Cause.COMMAND, actor="command:run", kind=kind)
        except FlowsError as refused:
            raise CommandError(refused.message, returncode=3) from None
        run = run or Run.objects.get(flow=row, kind=kind, state__in=dispatch.ACTIVE)
        if wait:
            run = wait_for(run, seconds)
        self._say(run, json)
        if wait and run.state != Run.State.FINISHED:
            raise CommandError(run.message or f"the run is {run.state}", returncode=1)

    def _say(self, run: Run, as_json: bool) -> None:
        sums = {name: getattr(run, name) for name in SUMS}
        if as_json:
            self.stdout.write(
                json.dumps({"run": str(run.pk), "state": run.state, **sums, "message": run.message})
            )
            return
        words = ", ".join(f"{number} {name}" for name, number in sums.items() if number)
        self.stdout.write(f"run {run.pk} {run.state}: {words or 'nothing new'}")


def wait_for(run: Run, seconds: float) -> Run:
    """Look at a run until it is over, or the time is."""
    deadline = time.monotonic() + seconds
    while not run.is_over and time.monotonic() < deadline:
        time.sleep(LOOK_S)
        run.refresh_from_db()
    return run
