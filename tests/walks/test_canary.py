"""Nothing that is secret stands anywhere in clear: dump, database files, logs, queue, answers."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from connector.crypto import mac
from connector.sandbox.erp import API
from tests.fakes.supply_desk import DESCRIPTION, Desk, supply_desk
from tests.walks import canaries
from tests.walks.hooks import deliver, signed
from tests.walks.live import Live, wait_until

CORE = f"cnry{mac.random_bytes(9).hex()}"  # in every canary, so that one search finds them all
FIRST, SECOND, WRONG = (f"{CORE}-{name}-key" for name in ("first", "second", "wrong"))
SIGNING = "whsec_" + base64.b64encode(f"{CORE}-signing-secret".encode()).decode()
FILE = f"""
format: 1
systems:
  supply_desk: {{file: supply_desk.yaml}}
connections:
  canary-desk:
    title: Desk of the canaries
    system: supply_desk
    settings: {{url: "@url@"}}
    secrets: {{api_key: {{env: CANARY_KEY}}}}
value_maps:
  canary-groups:
    title: Groups
    keys: [currency]
    value: text
    unknown: hold
    entries: {{EUR: {CORE}-of-a-map}}
endpoints:
  canary-hook:
    title: Events of the canaries
    connection: erp
    events: ["vendor.*"]
    secrets: {{signing: {{env: CANARY_SIGNING}}}}
flows:
  canary-flow:
    title: Flow of the canaries
    source: {{connection: erp, stream: vendors}}
    destination: {{connection: canary-desk, object: supplier}}
    trigger: {{webhook: canary-hook}}
    mapping:
      filter:
        - [city, is, Canaria]
      map:
        reference: {{from: id}}
        name: {{from: name}}
        country: {{from: country}}
        note: {{value: {CORE}-of-a-mapping}}
        group: {{from: currency, do: [{{map: canary-groups}}]}}
"""


@dataclass(slots=True)
class Story:
    """What happened with the canaries, and all that the box said meanwhile."""

    live: Live
    desk: Desk
    folder: Path
    said: dict[str, str] = field(default_factory=dict)

    def manage(self, *command: str, **secrets: str) -> int:
        done = self.live.manage(*command, extra=secrets)
        self.said[f"{len(self.said)} {command[0]}"] = done.stdout + done.stderr
        return done.returncode

    def apply(self, key: str, *more: str) -> None:
        command = ("apply", str(self.folder), *more)
        assert self.manage(*command, CANARY_KEY=key, CANARY_SIGNING=SIGNING) == 0, self.said
        self.live.tests_are_done()

    def run(self, *more: str) -> dict[str, object]:
        self.manage("run", "canary-flow", "--wait", "--json", *more)
        said = list(self.said.values())[-1].splitlines()
        return dict(json.loads(next(line for line in said if line.startswith("{"))))

    def test(self) -> str:
        health, message = self.live.test_connection("canary-desk")
        self.said[f"{len(self.said)} test"] = message
        return health

    def vendor(self, name: str, currency: str = "EUR", id_: str = "") -> str:
        given = {"name": f"{CORE}-{name}", "city": "Canaria", "country": "ES", "currency": currency}
        path, method = (f"/{id_}", "PATCH") if id_ else ("", "POST")
        return str(self.live.api("erp", f"{API}/vendors{path}", given, method=method)["id"])

    def event(self, name: str, body: bytes, **more: bytes) -> int:
        headers = signed(SIGNING, body, event=name, **more)  # type: ignore[arg-type]
        status, answer = deliver(self.live, "canary-hook", body, headers)
        self.said[f"{len(self.said)} hook"] = answer.decode()
        return status


@pytest.fixture(scope="module")
def story(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with supply_desk(FIRST) as (desk, fake):
        folder = tmp_path_factory.mktemp("canary")
        (folder / "box.yaml").write_text(FILE.replace("@url@", fake.url))
        (folder / "supply_desk.yaml").write_text(DESCRIPTION)
        yield Story(live, desk, folder)


def test_each_spelling_is_found_where_it_was_planted(live: Live) -> None:
    core = f"plnt{mac.random_bytes(9).hex()}"
    needles = canaries.spellings(core)
    log = live.home.log / "planted.log"
    with live.superuser() as database:
        _plant(database, needles)
        log.write_bytes(b"\n".join(needles.values()))
        try:
            found = canaries.hits(core, canaries.everything(live, {"said": f"oh {core}"}))
        finally:
            log.unlink()
            database.execute("DROP TABLE planted")

    assert {hit.split(": ")[1] for hit in found if hit.startswith("log/planted.log")} == {*needles}
    assert {hit.split(": ")[1] for hit in found if hit.startswith("pg/base/")} == {*needles}
    assert {hit.split(": ")[1] for hit in found if hit.startswith("pg/pg_wal/")} == {*needles}
    in_dump = {hit.split(": ")[1] for hit in found if hit.startswith("pg_dump")}
    assert in_dump >= {"utf-8", "hex", "url, every byte", "base64 at 1", "hex of utf-16"}
    assert [hit for hit in found if hit.startswith("said: utf-8")]


def test_the_longest_story_of_a_secret(live: Live, story: Story) -> None:
    """Everything happens that may happen to a secret; the next test looks where it went."""
    story.apply(FIRST)
    vendor = story.vendor("in-a-record")
    story.vendor("in-a-held-record", currency="JPY")
    assert story.test() == "ok"
    first = story.run()
    assert (first["delivered"], first["held"]) == (1, 1)
    (there,) = story.desk.suppliers
    assert there["name"] == f"{CORE}-in-a-record"
    assert (there["note"], there["group"]) == (f"{CORE}-of-a-mapping", f"{CORE}-of-a-map")

    story.desk.key = SECOND
    story.apply(SECOND, "--secrets")
    story.vendor("in-a-changed-record", id_=vendor)
    assert story.run()["delivered"] == 1

    story.desk.broken = 422
    story.vendor("in-a-rejected-record")
    assert story.run()["rejected"] == 1
    story.desk.broken = 500
    story.vendor("in-a-record-of-a-failing-run", id_=vendor)
    story.run("--seconds", "3")
    story.desk.broken = 0
    wait_until(lambda: there["name"] == f"{CORE}-in-a-record-of-a-failing-run")

    story.apply(WRONG, "--secrets")
    assert story.test() == "ok"  # with the one in use; the wrong one waits
    story.desk.key = FIRST
    assert story.test() == "failing"
    story.vendor("in-a-record-that-was-not-let-in", id_=vendor)
    assert story.run()["state"] == "stopped"
    story.desk.key = SECOND
    story.apply(SECOND, "--secrets")
    assert story.test() == "ok"

    told = {"type": "vendor.updated", "occurred_at": "2026-11-25T08:00:00Z", "note": CORE}
    told |= {"id": "evt_canary", "data": {"id": vendor, "name": f"{CORE}-in-an-event"}}  # type: ignore[dict-item]
    assert story.event("evt_canary", json.dumps(told).encode()) == 200
    assert story.event("evt_spoiled", f'{{"spoiled": "{CORE}'.encode()) == 200
    assert story.event("evt_forged", json.dumps(told).encode(), key=CORE.encode()) == 401
    received = "SELECT count(*) FROM webhooks_event WHERE state = 'received'"
    running = "SELECT count(*) FROM flows_run WHERE state IN ('queued', 'running')"
    wait_until(lambda: live.rows(received) == live.rows(running) == [(0,)])
    assert there["name"] == f"{CORE}-in-a-record-that-was-not-let-in"
    story.manage("export")


def test_no_canary_stands_anywhere(live: Live, story: Story) -> None:
    assert len(story.said) > 10
    shown = [name for name in story.said if name.endswith("export")]
    exported = {name: story.said.pop(name) for name in shown}  # it is for who may read mappings

    assert canaries.hits(CORE, canaries.everything(live, story.said)) == []
    assert not [key for key in (FIRST, SECOND, WRONG, SIGNING) if key in str(exported)]


def test_the_worker_logged_as_much_as_it_ever_does(live: Live, story: Story) -> None:
    (worker,) = (child for name, child in live.box.children.started if name == "worker")
    environ = Path(f"/proc/{worker.pid}/environ").read_bytes().split(b"\0")

    assert b"CONNECTOR_LOG_LEVEL=DEBUG" in environ
    assert not [one for one in environ if CORE.encode() in one]


def _plant(database: psycopg.Connection[object], needles: dict[str, bytes]) -> None:
    database.execute("CREATE TABLE planted (bytes bytea, words text)")
    for needle in needles.values():
        words = needle.decode() if needle.isascii() and b"\0" not in needle else ""
        database.execute(sql.SQL("INSERT INTO planted VALUES (%s, %s)"), [needle, words])
