"""What is wrong is said with its place and its reason, and changes nothing."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.server import Fake
from tests.fakes.supply_desk import DESCRIPTION, Desk, supply_desk
from tests.walks.live import Live

SECRET = "a-secret-that-nobody-may-read-4711"
CONNECTION = """\
  {slug}:
    title: Bad desk
    system: supply_desk
    settings: {{url: "{url}"}}
    secrets: {{{secret}: {{env: {env}}}}}
"""
FLOW = """\
  {slug}:
    title: Bad flow
    source: {{connection: erp, stream: {stream}}}
    destination: {{connection: ap, object: vendor}}
    trigger: {{by_hand: true}}
    mapping:
      map:
        reference: {{from: id}}
        country: {{from: country}}
        currency: {{from: currency}}
        {row}
"""
HEAD = "format: 1\nsystems: {supply_desk: {file: supply_desk.yaml}}\nconnections:\n"
NAME = "name: {from: name, do: [{max_length: 200}]}"
ROWS = {
    "to-no-field": f"{NAME}\n        colour: {{from: city}}",
    "from-no-field": f"{NAME}\n        city: {{from: town}}",
    "of-another-type": f"{NAME}\n        terms_days: {{from: email}}",
    "by-no-transform": f"{NAME}\n        city: {{from: city, do: [exec]}}",
    "without-a-name": "active: {value: true}",
    "from-no-stream": NAME,
}


def connection(slug: str, url: str, *, secret: str = "api_key", env: str = "BAD_KEY") -> str:
    return CONNECTION.format(slug=slug, url=url, secret=secret, env=env)


def flows() -> str:
    return "format: 1\nflows:\n" + "".join(
        FLOW.format(slug=slug, row=row, stream="venders" if "stream" in slug else "vendors")
        for slug, row in ROWS.items()
    )


URL = "https://desk.example.com"
GOOD = HEAD + connection("bad", URL)

FLAWS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "a system that there is not": (
        {"box.yaml": GOOD.replace("system: supply_desk", "system: suply_desk")},
        ("box.yaml:4", 'no system "suply_desk"', "supply_desk"),
    ),
    "a file that there is not": (
        {"box.yaml": GOOD.replace("file: supply_desk.yaml", "file: other.yaml")},
        ("box.yaml:2", "other.yaml"),
    ),
    "a description with an unknown word": (
        {"supply_desk.yaml": DESCRIPTION.replace("pages: {type", "paegs: {type")},
        ("supply_desk.yaml:", 'unknown key "paegs"', "pages"),
    ),
    "a description without a host": (
        {"supply_desk.yaml": DESCRIPTION.replace('hosts: ["{{ settings.url | host }}"]\n', "")},
        ("supply_desk.yaml:", "hosts"),
    ),
    "a description that would send the credential with a read": (
        {"supply_desk.yaml": DESCRIPTION.replace("path: desk", 'path: "{{ credential.api_key }}"')},
        ("supply_desk.yaml:", '"credential" is only for auth'),
    ),
    "a description under a shipped name": (
        {
            "box.yaml": GOOD.replace("supply_desk", "sandbox_erp"),
            "sandbox_erp.yaml": DESCRIPTION.replace("name: supply_desk", "name: sandbox_erp"),
        },
        ("sandbox_erp.yaml:1", "is a shipped system"),
    ),
    "connections, each wrong in another way": (
        {
            "box.yaml": HEAD
            + connection("plain", "http://desk.example.com")
            + connection("no-address", "desk.example.com")
            + connection("no-secret", URL, env="NOT_GIVEN")
            + connection("other-secret", URL, secret="api_kay")
        },
        (
            "box.yaml:4: connections.plain: url: must be an address that starts with https://",
            "box.yaml:9: connections.no-address: url: ",
            "box.yaml:14: connections.no-secret: secrets are missing: api_key (env NOT_GIVEN)",
            'box.yaml:19: connections.other-secret: Supply desk has no secret "api_kay"',
            'box.yaml:19: connections.other-secret: the secret "api_key" is missing',
        ),
    ),
    "a secret in the file": (
        {"box.yaml": GOOD.replace("{env: BAD_KEY}", SECRET)},
        ("box.yaml:8", "never stands in the file"),
    ),
    "flows, each wrong in another way": (
        {"box.yaml": flows()},
        (
            'box.yaml:3: flows.to-no-field: M02 colour: The object has no field "colour".',
            'box.yaml:15: flows.from-no-field: M04 city: There is no field "town"',
            "box.yaml:27: flows.of-another-type: M05 terms_days: The row gives email",
            'box.yaml:39: flows.by-no-transform: M01 city: unknown transform "exec"',
            "box.yaml:51: flows.without-a-name: M03 name: The field is required",
            'box.yaml:62: flows.from-no-stream: Practice ERP has no stream "venders"',
        ),
    ),
    "no YAML": ({"box.yaml": "format: 1\nflows: [unclosed\n"}, ("box.yaml:",)),
    "a word twice": ({"box.yaml": GOOD + "format: 1\n"}, ("box.yaml:9", "format")),
}  # fmt: skip


@pytest.mark.parametrize("flaw", FLAWS)
def test_it_is_refused_with_its_place_and_reason(live: Live, tmp_path: Path, flaw: str) -> None:
    files, says = FLAWS[flaw]
    before = live.counts()

    given = {"box.yaml": GOOD, **files}
    if "file: supply_desk.yaml" in given["box.yaml"]:
        given = {"supply_desk.yaml": DESCRIPTION, **given}
    done = live.apply(tmp_path, given, BAD_KEY=SECRET)

    assert done.returncode == 3, done.stdout
    for words in (*says, "Nothing was changed."):
        assert words in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert live.counts() == before


def test_a_check_of_what_is_right_changes_nothing_either(live: Live, tmp_path: Path) -> None:
    before = live.counts()

    files = {"box.yaml": GOOD, "supply_desk.yaml": DESCRIPTION}
    done = live.apply(tmp_path, files, "--check", BAD_KEY=SECRET)

    assert done.returncode == 2
    assert "create    connections/bad" in done.stdout
    assert live.counts() == before


def test_a_flow_that_there_is_not_is_named_with_those_that_are(live: Live) -> None:
    before = live.rows("SELECT count(*) FROM flows_run")

    done = live.manage("run", "bils-to-ap", "--wait")

    assert done.returncode == 3
    assert 'no flow "bils-to-ap"' in done.stderr
    assert "bills-to-ap" in done.stderr
    assert live.rows("SELECT count(*) FROM flows_run")[0][0] >= before[0][0]


@pytest.fixture(scope="module")
def desk(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Fake]]:
    with (
        supply_desk("the right key") as (desk, fake),
        socket.create_server(("127.0.0.1", 0)) as gone,
    ):
        unreachable = f"http://127.0.0.1:{gone.getsockname()[1]}"
        gone.close()
        text = HEAD + connection("wrong", fake.url) + connection("unreachable", unreachable)
        folder = tmp_path_factory.mktemp("bad")
        done = live.apply(
            folder, {"box.yaml": text, "supply_desk.yaml": DESCRIPTION}, BAD_KEY=SECRET
        )
        assert done.returncode == 0, done.stderr
        yield desk, fake


def test_a_system_that_does_not_answer_is_said_to_be_unreachable(
    live: Live, desk: tuple[Desk, Fake]
) -> None:
    assert live.test_connection("unreachable") == (
        "failing",
        "127.0.0.1 can't be reached: no connection.",
    )


def test_a_wrong_credential_is_said_and_its_text_is_in_no_message(
    live: Live, desk: tuple[Desk, Fake]
) -> None:
    health, message = live.test_connection("wrong")

    assert (health, message) == ("failing", "The supply desk did not accept the API key.")
    assert desk[1].asked[-1].headers["x-api-key"] == SECRET  # it was sent, and echoed by the desk
    columns = live.rows("SELECT c::text FROM flows_connection c")
    entries = live.rows("SELECT e::text FROM audit_entry e")
    assert not [row for (row,) in [*columns, *entries] if SECRET in row]


def test_a_right_credential_mends_it(live: Live, desk: tuple[Desk, Fake]) -> None:
    desk[0].key = SECRET

    assert live.test_connection("wrong") == ("ok", "")
