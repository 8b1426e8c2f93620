"""Rows of the ledger for tests that need no system that answers."""

from connector.flows import ledger, store
from connector.flows.definition import Definition
from connector.flows.identity import Names
from connector.flows.ledger import Claim
from connector.flows.models import Connection, Delivery, Flow, Route, Run
from tests.connector.flows.box import VENDORS, connect_to


def a_flow(slug: str = "vendors", **more: object) -> Flow:
    """A flow between two practice systems that nobody started."""
    source = Connection.objects.filter(slug="erp").first() or connect_to(
        "http://127.0.0.1:9", "erp", "sandbox_erp", client_id="x", client_secret="x"
    )
    destination = Connection.objects.filter(slug="ap").first() or connect_to(
        "http://127.0.0.1:9", "ap", "sandbox_ap", user="x", password="x"
    )
    return store.create(
        slug=slug,
        title=slug.capitalize(),
        source=source,
        stream="vendors",
        destination=destination,
        object_="vendor",
        said=Definition(mapping=VENDORS, **more),  # type: ignore[arg-type]
        actor="omar",
    )


def a_run(flow: Flow, **more: object) -> Run:
    assert flow.current is not None
    return Run.objects.create(
        flow=flow,
        version=flow.current,
        cause=Run.Cause.MANUAL,
        actor="omar",
        state=Run.State.RUNNING,
        **more,
    )


def a_route(flow: Flow) -> Route:
    assert flow.current is not None
    return ledger.route_of(flow.current)


def a_claim(route: Route, key: str, content: str = "1", operation: str = "create") -> Claim:
    names = Names.of(route)
    fingerprint = names.fingerprint(content.encode())
    return Claim(
        source_key=names.source_key(key),
        source_key_sealed=b"sealed key",
        fingerprint=fingerprint,
        source_print=names.source_print(content.encode(), ["v"]),
        operation=operation,
        key=names.idempotency_key(key, fingerprint, 0),
        external_id=names.external_id(key),
        request_sealed=b"sealed request",
    )


def the_row(route: Route, key: str) -> Delivery:
    return Delivery.objects.get(route=route, source_key=Names.of(route).source_key(key))
