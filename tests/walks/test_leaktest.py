"""The leak test as an operator runs it on a live box, with one leak that was planted for it."""

import base64
import subprocess
import sys
from pathlib import Path

from appliance.quickstart.children import ROOT, environment
from connector.crypto import mac
from tests.walks.live import Live

# The command itself, but with secrets that the test knows, and with the quick ones of the moods.
COMMAND = """
import os, sys, django
from django.core.management import execute_from_command_line
django.setup()
from appliance.leaktest import plant
fresh = plant._fresh
plant._fresh = lambda: {**fresh(), "credential": os.environ["KNOWN"]}
plant.MOODS = ("answers", "refuses", "hangs up")
execute_from_command_line(["manage.py", "leaktest", "--logs", *sys.argv[1:]])
"""


OWNER = (
    "INSERT INTO accounts_user (password, is_superuser, username, first_name, last_name, email,"
    " is_staff, is_active, date_joined, role)"
    " VALUES ('!', false, %s, '', '', '', false, true, now(), 'owner')"
)


def _left(live: Live) -> list[object]:
    """What a leak test could leave behind: rows of it, and secrets that still open."""
    query = (
        "SELECT (SELECT count(*) FROM flows_connection WHERE slug LIKE 'leaktest%%'),"
        " (SELECT count(*) FROM webhooks_endpoint WHERE slug LIKE 'leaktest%%'),"
        " (SELECT count(*) FROM systems_uploadedsystem WHERE name LIKE 'leaktest%%'),"
        " (SELECT count(*) FROM vault_credentialversion v JOIN vault_credential c"
        "  ON c.id = v.credential_id WHERE c.system LIKE 'leaktest%%' AND v.state <> 'shredded')"
    )
    return list(live.rows(query + ", (SELECT count(*) FROM accounts_session WHERE %s)", True)[0])


def test_a_leak_is_told_with_its_place_and_form_and_nothing_is_left(
    live: Live, tmp_path: Path
) -> None:
    known = f"known-{mac.random_bytes(12).hex()}<&+/="
    leak = tmp_path / "some.log"
    leak.write_bytes(b"noise " + base64.b64encode(b"key=" + known.encode() + b"; more") + b" noise")
    live.rows(OWNER, "an-owner-of-this-test")
    before = _left(live)

    try:
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, str(leak), str(tmp_path / "none.log")],
            env={**environment(live.home, "web"), "KNOWN": known},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        live.rows("DELETE FROM accounts_user WHERE username = %s", "an-owner-of-this-test")

    assert done.returncode == 1, done.stdout + done.stderr
    told = [line.strip() for line in done.stdout.splitlines() if "HIT" in line]
    assert told == [f"HIT {leak}: credential, as base64 at 1"], done.stderr
    assert "The search finds 10 secrets in 150 of 150 forms." in done.stdout
    assert "test of a system that hangs up" in done.stdout
    assert "none.log: there is no such file" in done.stdout
    for place in ("pg_dump", "write-ahead log", "pages of the console", "answers of the API"):
        (line,) = (line for line in done.stdout.splitlines() if line.startswith(place))
        assert int(line.split()[-2].replace(",", "")) > 5_000
    assert known not in done.stdout + done.stderr
    assert _left(live) == before
    recorded = "SELECT facts FROM audit_entry WHERE action = %s"
    assert '"hits": 1' in live.rows(recorded, "box.leak_tested")[-1][0]
