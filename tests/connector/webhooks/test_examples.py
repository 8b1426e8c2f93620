"""connector.webhooks.events over what real systems send, by their own descriptions."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connector.systems.load import load_file
from connector.systems.spec import Webhooks
from connector.webhooks import events, schemes
from connector.webhooks.events import Found, Wanted
from connector.webhooks.schemes import Delivery

SPECS = Path(__file__).parents[1] / "systems" / "specs"
NOBODY = Wanted(types=(), account=(), secrets=())


@cache
def webhooks_of(name: str) -> Webhooks:
    found = load_file(SPECS / f"{name}.yaml", schemes.known_schemes()).webhooks
    assert found is not None
    return found


def read(name: str, body: Any, headers: dict[str, str] | None = None) -> list[Found]:
    spec = webhooks_of(name)
    scheme = None if spec.scheme == "path_secret" else schemes.get(spec.scheme)
    delivery = Delivery(
        body=json.dumps(body).encode(), headers=tuple((headers or {}).items()), url=""
    )
    return events.read(spec, scheme, delivery, NOBODY)


CASES = [
    (
        "stripe",
        {"id": "evt_1", "type": "customer.updated", "data": {"object": {"id": "cus_1"}}},
        {},
        ("evt_1", "customer.updated", "customers", "cus_1", False),
    ),
    (
        "stripe",
        {"id": "evt_2", "type": "customer.deleted", "data": {"object": {"id": "cus_1"}}},
        {},
        ("evt_2", "customer.deleted", "customers", "cus_1", True),
    ),
    (
        "bill",
        {
            "metadata": {"eventId": "e-1", "eventType": "bill.updated", "organizationId": "o"},
            "bill": {"id": "00n01"},
        },
        {},
        ("e-1", "bill.updated", "bills", "00n01", False),
    ),
    (
        "quickbooks_online",
        [{"id": "ce-1", "type": "qbo.bill.updated.v1", "intuitentityid": "145"}],
        {},
        ("ce-1", "qbo.bill.updated.v1", "bills", "145", False),
    ),
    (
        "shopify",
        {"id": 1, "admin_graphql_api_id": "gid://shopify/Order/1"},
        {"X-Shopify-Webhook-Id": "w-1", "X-Shopify-Topic": "orders/create"},
        ("w-1", "orders/create", "orders", "gid://shopify/Order/1", False),
    ),
    (
        "business_central",
        {
            "value": [
                {
                    "subscriptionId": "sub",
                    "resource": "api/v2.0/companies(1)/vendors(6c9d)",
                    "changeType": "updated",
                    "lastModifiedDateTime": "2026-11-01T10:00:00Z",
                    "clientState": "s",
                }
            ]
        },
        {},
        (
            "sub:api/v2.0/companies(1)/vendors(6c9d):updated:2026-11-01T10:00:00Z",
            "updated",
            "vendors",
            "6c9d",
            False,
        ),
    ),
]


@pytest.mark.parametrize(
    ("name", "body", "headers", "expected"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)]
)
def test_an_event_names_its_record(
    name: str, body: Any, headers: dict[str, str], expected: tuple[str, str, str, str, bool]
) -> None:
    (found,) = read(name, body, headers)

    said = found.content
    assert (found.event_id, found.type, said["stream"], said["record"], said["deleted"]) == expected
    assert found.state == "received"


def test_several_events_of_intuit_in_one_body() -> None:
    bodies = [
        {"id": f"ce-{n}", "type": "qbo.vendor.created.v1", "intuitentityid": str(n)}
        for n in range(3)
    ]

    assert [one.content["record"] for one in read("quickbooks_online", bodies)] == ["0", "1", "2"]


def test_a_long_id_gives_way_to_a_hash_that_fits() -> None:
    body = {"id": "x" * 5_000, "type": "customer.updated", "data": {"object": {"id": "cus_1"}}}

    (found,) = read("stripe", body)

    assert len(found.event_id) == 64
    assert found.state == "received"
