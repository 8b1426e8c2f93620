"""A system that nobody ships: described in one file, connected, read from and written to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.server import Fake
from tests.fakes.supply_desk import DESCRIPTION, Desk, supply_desk
from tests.walks.live import Live

KEY = "desk-key-of-the-tests"
OWN = ("DESK-1", "DESK-2", "DESK-3", "DESK-4", "DESK-5", "DESK-6", "DESK-7")
FLOWS = """
format: 1
systems:
  supply_desk: {file: supply_desk.yaml}
connections:
  desk:
    title: Supply desk
    system: supply_desk
    settings: {url: "@url@"}
    secrets: {api_key: {env: DESK_KEY}}
flows:
  vendors-to-desk:
    title: Vendors to the desk
    source: {connection: erp, stream: vendors}
    destination: {connection: desk, object: supplier}
    trigger: {by_hand: true}
    mapping:
      map:
        reference: {from: id}
        name: {from: name, do: [trim, {max_length: 100}]}
        country: {from: country}
  desk-to-ap:
    title: Suppliers of the desk to the AP ledger
    source: {connection: desk, stream: suppliers}
    destination: {connection: ap, object: vendor}
    trigger: {by_hand: true}
    mapping:
      filter:
        - [reference, starts_with, DESK-]
      map:
        reference: {from: reference}
        name: {from: name}
        country: {from: country}
        currency: {value: EUR}
"""


@pytest.fixture(scope="module")
def desk() -> Iterator[tuple[Desk, Fake]]:
    with supply_desk(KEY) as (desk, fake):
        for reference in OWN:
            desk.add({"reference": reference, "name": f"Supplier {reference}", "country": "NL"})
        yield desk, fake


@pytest.fixture(scope="module")
def applied(live: Live, desk: tuple[Desk, Fake], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    files = {"flows.yaml": FLOWS.replace("@url@", desk[1].url), "supply_desk.yaml": DESCRIPTION}
    done = live.apply(folder, files, DESK_KEY=KEY)
    assert done.returncode == 0, done.stderr
    lines = [line.split()[:2] for line in done.stdout.splitlines()]
    assert lines[-3:] == [  # the system may be there from another walk
        ["create", "connections/desk"],
        ["create", "flows/vendors-to-desk"],
        ["create", "flows/desk-to-ap"],
    ]
    return folder


def test_its_connection_answers(live: Live, applied: Path) -> None:
    assert live.test_connection("desk") == ("ok", "")


def test_records_arrive_at_it_once(live: Live, desk: tuple[Desk, Fake], applied: Path) -> None:
    vendors = live.ask("erp", "/admin/stats")["vendors"]

    first = live.run("vendors-to-desk")
    written = [one["reference"] for one in desk[0].suppliers if one["reference"] not in OWN]
    asked = len([one for one in desk[1].asked if one.method == "POST"])
    again = live.run("vendors-to-desk", "--full")

    assert (first["read"], first["delivered"]) == (vendors, vendors)
    assert len(written) == len(set(written)) == vendors > 0
    assert (again["delivered"], again["unchanged"]) == (0, vendors)
    assert len([one for one in desk[1].asked if one.method != "GET"]) == asked == vendors


def test_each_record_was_looked_up_by_its_reference_before_it_was_made(
    live: Live, desk: tuple[Desk, Fake], applied: Path
) -> None:
    calls = desk[1].asked
    for place, call in enumerate(calls):
        if call.method == "POST":
            reference = call.json["reference"]
            assert any(one.query.get("reference") == reference for one in calls[:place])


def test_records_come_from_it_page_by_page_and_once(
    live: Live, desk: tuple[Desk, Fake], applied: Path
) -> None:
    before = live.ask("ap", "/admin/stats")["vendors"]

    first = live.run("desk-to-ap")
    again = live.run("desk-to-ap", "--full")

    assert first["delivered"] == len(OWN)
    assert first["read"] == first["delivered"] + first["skipped"] == len(desk[0].suppliers)
    assert again["delivered"] == 0
    assert live.ask("ap", "/admin/stats")["vendors"] == before + len(OWN)
    pages = [one.query["page"] for one in desk[1].asked if "page" in one.query]
    assert {"1", "2", "3"} <= set(pages)


def test_applying_it_again_does_nothing(live: Live, applied: Path) -> None:
    before = live.counts()

    again = live.apply(applied, {}, DESK_KEY=KEY)

    assert (again.returncode, again.stdout) == (0, "nothing to do\n"), again.stderr
    assert live.counts() == before


def test_what_is_exported_is_what_stands_there(live: Live, applied: Path, tmp_path: Path) -> None:
    before = live.counts()

    written = live.manage("export", "--to", str(tmp_path))
    again = live.apply(tmp_path, {}, DESK_KEY=KEY)

    assert written.returncode == 0, written.stderr
    assert (again.returncode, again.stdout) == (0, "nothing to do\n"), again.stderr
    assert live.counts() == before
    for file in tmp_path.iterdir():
        assert KEY not in file.read_text()


def test_without_the_key_nothing_can_be_read_from_it(
    live: Live, desk: tuple[Desk, Fake], applied: Path
) -> None:
    desk[0].key = "another"
    try:
        health, message = live.test_connection("desk")
        failed = live.manage("run", "desk-to-ap", "--wait", "--json")
    finally:
        desk[0].key = KEY

    assert (health, message) == ("failing", "The supply desk did not accept the API key.")
    assert failed.returncode == 1
    for said in (message, failed.stdout, failed.stderr):
        assert KEY not in said
