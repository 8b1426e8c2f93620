"""How much a page asks of the database: as much for 50 rows as for 5."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connector.flows import maps
from connector.flows.models import Flow, HeldRecord, Run
from tests.connector.console import box
from tests.connector.console.conftest import SignIn

pytestmark = pytest.mark.django_db
Grow = Callable[[Flow, int], None]


def more_runs(flow: Flow, many: int) -> None:
    for number in range(many):
        box.a_run(flow, ago=number, delivered=number)


def more_deliveries(flow: Flow, many: int) -> None:
    run = Run.objects.filter(flow=flow).first() or box.a_run(flow)
    for number in range(many):
        box.a_delivery(run, f"{many}-{number}")


def more_held(flow: Flow, many: int) -> None:
    run = Run.objects.filter(flow=flow).first() or box.a_run(flow)
    for number in range(many):
        box.a_held_record(run, f"{many}-{number}")


def more_entries(flow: Flow, many: int) -> None:
    for number in range(many):
        box.an_entry(subject=f"account:{number}")


def more_flows(flow: Flow, many: int) -> None:
    for number in range(many):
        other = box.a_flow(f"flow-{many}-{number}", f"Flow {many} {number}")
        box.a_run(other, delivered=1)


def more_connections(flow: Flow, many: int) -> None:
    for number in range(many):
        box.a_connection(f"one-{many}-{number}", f"One {many} {number}")


def more_maps(flow: Flow, many: int) -> None:
    for number in range(many):
        maps.create(
            slug=f"map-{many}-{number}", title="Map", keys=["code"], entries=[], actor="owner"
        )


# Asked every few seconds, by whatever page comes then: whether the keys are still the right ones,
# and that somebody is still there.
NOW_AND_THEN = ("rekey_expectedkey", 'UPDATE "accounts_session"')


def asked(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as found:
        assert client.get(address).status_code == 200
    return len([one for one in found if not any(words in one["sql"] for words in NOW_AND_THEN)])


@pytest.mark.parametrize(
    ("name", "grow", "most"),
    [
        ("overview", more_flows, 20),
        ("overview", more_held, 20),
        ("flows", more_flows, 12),
        ("runs", more_runs, 12),
        ("deliveries", more_deliveries, 12),
        ("inbox", more_held, 14),
        ("connections", more_connections, 12),
        ("maps", more_maps, 10),
        ("audit", more_entries, 10),
    ],
)
def test_a_list_asks_as_much_for_50_rows_as_for_5(
    name: str, grow: Grow, most: int, signed_in: SignIn
) -> None:
    flow = box.a_flow()
    client = signed_in("owner")
    grow(flow, 5)
    few = asked(client, reverse(name))

    grow(flow, 45)

    assert asked(client, reverse(name)) == few
    assert few <= most


def test_a_group_and_a_run_ask_as_much_for_many_rows_as_for_few(signed_in: SignIn) -> None:
    flow = box.a_flow()
    run = box.a_run(flow)
    client = signed_in("owner")
    more_held(flow, 5)
    more_deliveries(flow, 5)
    cause = HeldRecord.objects.filter(flow=flow)[0].cause
    addresses = [
        reverse("inbox-group", args=[flow.slug, cause]),
        reverse("run", args=[run.pk]),
        reverse("flow", args=[flow.slug]),
    ]
    few = [asked(client, address) for address in addresses]

    more_held(flow, 20)
    more_deliveries(flow, 20)

    assert [asked(client, address) for address in addresses] == few
