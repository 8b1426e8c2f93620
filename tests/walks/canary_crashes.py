"""Processes that end while a secret is open in them."""

import os
import signal
import subprocess
import sys
from threading import Event

from appliance.quickstart.children import ROOT, environment
from tests.fakes.supply_desk import Desk
from tests.walks.live import Live, wait_until

# The transport fails as only a mistake in it could, with the key in the frames above it.
CRASH = """
import sys
import django
django.setup()
from connector.flows import clients
from connector.flows.models import Connection
from connector.systems.transport import Transport

def send(self, method, target, **more):
    assert sys.argv[1] in str(more["private"])
    raise ZeroDivisionError("a mistake")

Transport.send = send
row = Connection.objects.get(slug="canary-desk")
with clients.open_client(row, purpose="test of a crash", actor="test", read_only=True) as client:
    client.check()
"""


def crashed(live: Live, core: str) -> str:
    """All that a process of the worker says which nobody catches the mistake in."""
    env = {**environment(live.home, "worker"), "CONNECTOR_LOG_LEVEL": "DEBUG"}
    done = subprocess.run(
        [sys.executable, "-c", CRASH, core], env=env, cwd=ROOT, capture_output=True, text=True
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "ZeroDivisionError" in said and "nobody caught" in said, said
    return said


def killed(live: Live, desk: Desk) -> None:
    """Kill the process that calls the desk, key in hand, and wait until another made the call."""
    desk.go_on = go_on = Event()
    asked = "SELECT id::text FROM flows_connection WHERE slug = 'canary-desk'"
    job = live.plant("flows.test", {"connection": live.rows(asked)[0][0]})
    assert desk.is_asked.wait(20)
    holder, attempts = live.rows("SELECT holder, attempts FROM jobs_job WHERE id = %s", job)[0]
    assert attempts == 1
    os.kill(int(holder.split(":")[1]), signal.SIGKILL)
    desk.go_on = None
    go_on.set()
    # What half a minute does: nobody renews its lease.
    live.rows("UPDATE jobs_job SET lease_until = now() WHERE id = %s", job)
    live.rows("NOTIFY jobs")
    state = "SELECT state, attempts FROM jobs_job WHERE id = %s"
    wait_until(lambda: live.rows(state, job) in ([], [("done", 2)]))
