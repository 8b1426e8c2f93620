"""Rows with `mode: if_empty`: a change fills what is empty there, and overwrites nothing"""

from pathlib import Path
from typing import Any

import pytest

from connector.flows.models import Flow
from connector.sandbox import ap_records, records
from tests.connector.flows.box import VENDORS, World, a_world, run_now

pytestmark = pytest.mark.django_db(transaction=True)
MAPPING: dict[str, Any] = {
    "map": {
        **VENDORS["map"],
        "city": {"from": "city", "mode": "if_empty"},
        "email": {"from": "email", "mode": "if_empty"},
    }
}
OURS = {"city": "Lyon", "email": "ours@example.com"}


def a_vendor(world: World) -> Flow:
    """A vendor that was sent once, with all its fields."""
    world.change_vendor("V-10001", **OURS)
    flow = world.flow("vendors", "vendors", "vendor", MAPPING)
    run_now(flow)
    return flow


def change_there(world: World, **fields: Any) -> None:
    """Change the vendor in the ledger, as its own people do."""
    site = world.ap.site
    (there,) = world.ap_records("vendors")
    with site.store.change():
        records.renew(site, ap_records.VENDORS, {**there, **fields})


def test_a_new_record_is_sent_with_all_its_fields(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=1, bills=0) as world:
        a_vendor(world)
        (there,) = world.ap_records("vendors")

    assert {name: there[name] for name in OURS} == OURS


@pytest.mark.parametrize("empty", [None, ""])
def test_a_change_fills_only_what_is_empty_there(tmp_path: Path, empty: str | None) -> None:
    with a_world(tmp_path, vendors=1, bills=0) as world:
        flow = a_vendor(world)
        change_there(world, city="Their City", email=empty)
        world.change_vendor("V-10001", name="Renamed", city="Other", email="new@example.com")

        run = run_now(flow)
        (there,) = world.ap_records("vendors")

    assert run.delivered == 1
    assert there["name"] == "Renamed"
    assert there["city"] == "Their City"
    assert there["email"] == "new@example.com"


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=1, bills=0) as world:
        flow = a_vendor(world)
        theirs = {"city": "Their City", "email": "theirs@example.com"}
        change_there(world, **theirs)
        world.change_vendor("V-10001", name="Renamed", city="Other", email="new@example.com")

        run_now(flow)
        (there,) = world.ap_records("vendors")

    assert there["name"] == "Renamed"
    assert {name: there[name] for name in OURS} == theirs


def test_a_change_of_such_a_field_alone_sends_nothing(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=1, bills=0) as world:
        flow = a_vendor(world)
        change_there(world, city=None)
        world.change_vendor("V-10001", city="Other")

        run = run_now(flow)
        calls = world.ap.stats()["calls"]

    assert (run.delivered, run.unchanged) == (0, 1)
    assert "PATCH /v2/vendors/*" not in calls
