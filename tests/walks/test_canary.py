"""Nothing that is secret stands anywhere in clear: dump, database files, logs, queue, answers."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from allauth.mfa.totp.internal import auth as totp

from appliance.leaktest.spellings import spellings
from connector.api.tokens import SCOPES
from connector.crypto import mac
from tests.connector.flows.granted import URL, description
from tests.fakes.oauth_server import CLIENT_SECRET, Oddities, running
from tests.fakes.supply_desk import DESCRIPTION, supply_desk
from tests.walks import canaries, canary_crashes
from tests.walks.canary_people import SEED, SETUP, Browser, field
from tests.walks.canary_story import (
    AGAIN,
    CORE,
    FILE,
    FIRST,
    MAY_BE_SEEN,
    SECOND,
    SIGNING,
    WRITTEN,
    WRONG,
    Story,
)
from tests.walks.live import Live, wait_until
from tests.walks.shell import shell

PAGES = (
    *("/", "/flows/", "/flows/canary-flow/", "/runs/", "/deliveries/", "/connections/"),
    *("/connections/canary-desk/", "/webhooks/", "/webhooks/canary-hook/", "/audit/", "/account/"),
)
OWNER, AUDITOR = "canaria@example.com", "auditor-of-canaries@example.com"


@pytest.fixture(scope="module")
def story(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with (
        supply_desk(FIRST) as (desk, fake),
        running(mark=CORE) as (books, there),
        shell(live) as commands,
    ):
        folder = tmp_path_factory.mktemp("canary")
        text = FILE.replace("@url@", fake.url).replace("@books@", there.url)
        (folder / "box.yaml").write_text(text)
        (folder / "supply_desk.yaml").write_text(DESCRIPTION)
        (folder / "granted.yaml").write_text(description(settings=[URL]))
        yield Story(live, commands, desk, books, folder)


@pytest.fixture(scope="module")
def owner(live: Live, story: Story) -> Browser:
    return Browser(live, story.said, "owner")


def test_each_spelling_is_found_where_it_was_planted(live: Live) -> None:
    core = f"plnt{mac.random_bytes(9).hex()}"
    needles = spellings(core)
    log = live.home.log / "planted.log"
    with live.superuser() as database:
        canaries.plant(database, needles)
        log.write_bytes(b"\n".join(needles.values()))
        try:
            found = canaries.hits({"it": core}, canaries.everything(live, {"said": f"oh {core}"}))
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
    story.run("--seconds", "1")
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


def test_people_put_secrets_into_forms(live: Live, story: Story, owner: Browser) -> None:
    """Right and wrong ones."""
    link = story.inside(SETUP)
    password = story.canary("password")
    who = {"email": OWNER, "full_name": "Canaria", "password": password}
    story.known["set-up link"] = link
    wrong = {"login": OWNER, "password": story.canary("wrong-password")}
    owner.send("/sign-in/", wrong)
    owner.send(f"/set-up/{link}/", who | {"again": story.canary("mistyped")})
    assert owner.send(f"/set-up/{link}/", who | {"again": password})[0] == 200
    if "sign-in" in owner.at:
        owner.send("/sign-in/", {"login": OWNER, "password": password})
    story.known |= owner.secrets()

    rotate = "/connections/canary-desk/rotate/"
    for name in ("form", "form-again", "form-third"):
        status, page = owner.send(rotate, {"secret-api_key": story.canary(name)})
        assert (status, "testing it" in page) == (200, True), page[:2000]
    broken = {"secret-api_key": story.canary("broken-form") + "\0", "expires_on": "never"}
    assert "testing it" not in owner.send(rotate, broken)[1]

    stranger = Browser(live, story.said, "nobody")
    nobody = {"login": "nobody@example.com", "password": story.canary("nobody")}
    stranger.send("/sign-in/", nobody)
    stranger.ask("/", headers={"Cookie": f"session={story.canary('cookie')}"})
    assert story.event("evt_foreign", b"{}", key=story.canary("foreign-key").encode()) == 401


def test_programs_put_secrets_in(live: Live, story: Story, owner: Browser) -> None:
    """Right and wrong ones. Whoever makes a token is shown it once."""
    made = owner.send("/tokens/new/", {"title": "Canary", "scopes": [*SCOPES], "days": "1"})[1]
    token = story.shown_once("API token", field(made, "token"))
    program = Browser(live, story.said, "program")
    entering = "/api/v1/connections/canary-desk/credential/"
    for path, name, asked in (("rotate/", "api", 202), ("", "api-again", 409)):
        fields = {"fields": {"api_key": story.canary(name)}}
        assert program.call(entering + path, token, fields, method="POST")[0] == asked
    bad = {"fields": {"api_key": 1, story.canary("field"): story.canary("odd")}, "expires_on": 5}
    assert program.call(entering + "rotate/", token, bad, method="POST")[0] == 400
    assert program.call("/api/v1/connections/", story.canary("bearer"))[0] == 401
    assert program.call("/internal/v1/health", story.canary("inside"))[0] in (401, 404)
    assert story.manage("internal_token", "create", "canary") == 0
    internal = story.shown_once("internal token", [*story.said.values()][-1].strip())
    assert program.call("/internal/v1/health", internal)[0] == 200

    for name in ("flows/canary-flow", "runs", "connections/canary-desk", "deliveries", "inbox"):
        assert program.call(f"/api/v1/{name}/", token)[0] == 200, name
    assert program.call("/api/v1/audit/", token)[0] == 200

    nul = {"fields": {"api_key": story.canary("api-nul") + "\0"}}
    assert program.call(entering + "rotate/", token, nul, method="POST")[0] == 400
    moved = {"fields": {"api_key": story.canary("moved")}, "settings": {"url": "no url"}}
    assert program.call(entering, token, moved, method="PUT")[0] == 422


def test_files_bring_secrets_in(live: Live, story: Story, tmp_path: Path) -> None:
    csv = "connection,field,value\n{},api_key,{}\n"
    for name, text, code in (
        ("import.csv", csv.format("canary-desk", story.canary("import")), 0),
        ("import.env", f"canary-desk__api_key={story.canary('import-lines')}\n", 0),
        ("unknown.csv", csv.format("nowhere", story.canary("import-unknown")), 3),
        ("broken.env", f"{story.canary('import-broken')}\n", 3),
        ("twice.env", f"canary-desk__api_key={story.canary('import-twice')}\n" * 2, 3),
    ):
        file = tmp_path / name
        file.write_text(text)
        file.chmod(0o600)
        assert story.manage("credentials", "import", str(file)) == code, story.said
    live.tests_are_done()


def test_a_second_factor_and_an_invitation(live: Live, story: Story, owner: Browser) -> None:
    """Each is shown once to one person. Whoever may not see records finds none on any page."""
    link = field(
        owner.send("/people/invite/", {"email": AUDITOR, "role": "auditor"})[1], "link"
    ).removesuffix("/")
    invitation = story.shown_once("invitation", link.rpartition("/")[2])
    auditor = Browser(live, story.said, "auditor")
    password = story.canary("password-of-another")
    who = {"full_name": "Aud Itor", "password": password, "again": password}
    assert auditor.send(f"/invited/{invitation}/", who)[0] == 200
    auditor.ask(f"/invited/{invitation}/")
    if not auditor.secrets():
        auditor.send("/sign-in/", {"login": AUDITOR, "password": password})
    story.known |= {f"auditor's {name}": text for name, text in auditor.secrets().items()}
    assert auditor.ask("/inbox/")[0] == 403
    for page in PAGES:
        assert auditor.ask(page)[0] == owner.ask(page)[0] == 200, page
    assert owner.ask("/inbox/")[0] == owner.ask("/people/")[0] == 200

    seed = story.shown_once("TOTP seed", field(owner.ask("/account/app/")[1], "secret"))
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    code = totp.format_hotp_value(totp.hotp_value(seed, counter))
    _, page = owner.send("/account/app/", {"code": code}, page="/account/")
    story.codes = re.findall(r"^(?:\s*<pre[^>]*>)?([0-9]{12})$", page, re.MULTILINE)
    assert len(story.codes) == 10, page
    last = [*story.said][-1]
    story.said[last] = re.sub("[0-9]{12}", "", page)
    story.known["seed of recovery codes"] = story.inside(SEED.format(OWNER))
    owner.ask("/account/codes/")
    owner.ask("/account/")


def test_the_secret_of_a_webhook_and_the_one_before_it(story: Story, owner: Browser) -> None:
    hook = "/webhooks/canary-hook/"
    body = json.dumps({"type": "vendor.other", "id": "x", "note": CORE, "data": {}}).encode()
    wrong = {"secret": story.canary("no-signing-secret"), "days": "900"}
    assert owner.send(f"{hook}rotate/", wrong, page=hook)[0] == 422
    assert story.event("evt_before", body, AGAIN) == 401
    assert owner.send(f"{hook}rotate/", {"secret": AGAIN, "days": "1"}, page=hook)[0] == 200
    assert story.event("evt_new", body, AGAIN) == 200
    assert story.event("evt_old", body, SIGNING) == 200


def test_tokens_that_a_person_granted(live: Live, story: Story, owner: Browser) -> None:
    """A code, tokens, newer tokens, and the end of what was granted."""
    story.known["client secret"] = CLIENT_SECRET
    story.put_in |= {"code", "access token", "refresh token", "next access", "next refresh"}
    books = "/connections/canary-books/"
    _, page = owner.send(f"{books}connect/", {}, page=books)
    waits = owner.at.removeprefix(owner.url)
    wait_until(lambda: "/go/" in owner.ask(waits)[1])
    story.books.odd = Oddities(life=1)
    owner.ask(f"{waits}go/")
    _, page = owner.ask(owner.at.replace("/authorize?", "/allow?"))
    owner.ask(re.findall('<a href="([^"]+)">Go on now', page)[0])
    granted = "SELECT count(*) FROM oauth_grant"
    wait_until(lambda: live.rows(granted) == [(1,)])
    story.books.odd = Oddities()
    time.sleep(1)
    assert story.test("canary-books") == "ok"
    assert story.books.counts.exchanged == 1
    assert story.books.counts.refreshed > 0
    story.books.revoke()
    assert story.test("canary-books") == "failing"
    owner.ask(books)


def test_processes_end_while_a_key_is_open_in_them(live: Live, story: Story) -> None:
    canary_crashes.killed(live, story.desk)
    story.said["crash"] = canary_crashes.crashed(live, CORE)


def test_no_canary_stands_anywhere(live: Live, story: Story) -> None:
    for page, canaries_ in MAY_BE_SEEN.items():
        seen = [text for name, text in story.said.items() if name.partition(" ")[2] == page]
        assert [one for one in canaries_ if f"{CORE}-{one}" not in seen[-1]] == [], page
    secrets = {"a canary": CORE, **story.known}
    assert len(story.put_in) + len(story.known) + len(WRITTEN) + len(story.codes) >= 60
    places = list(canaries.everything(live, dict(story.told())))
    assert canaries.hits(secrets, places) == []
    codes = [code.encode() for code in story.codes]
    assert not [name for name, data in places if any(code in data for code in codes)]


def test_the_worker_logged_as_much_as_it_ever_does(live: Live, story: Story) -> None:
    (worker,) = (child for name, child in live.box.children.started if name == "worker")
    environ = Path(f"/proc/{worker.pid}/environ").read_bytes().split(b"\0")

    assert b"CONNECTOR_LOG_LEVEL=DEBUG" in environ
    assert not [one for one in environ if CORE.encode() in one]
