"""The two ends of the example flows, as types: what their systems would say of themselves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connector.flows.documents import Document
from connector.flows.flow_yaml import parse
from connector.flows.mapping import (
    CompiledMapping,
    FieldType,
    Kind,
    RunContext,
    StaticContext,
    ValueMapEntries,
    compile_mapping,
)
from connector.flows.mapping.scope import NO_RUN

EXAMPLES = Path(__file__).parent / "examples"


def a(kind: str, **more: Any) -> FieldType:
    """A field type, shortly: a("text", max=10)."""
    return FieldType(Kind(kind), **more)


OBJECTS: Mapping[str, Mapping[str, FieldType]] = {
    "suppliers-to-payables": {
        "name": a("text", max=100, required=True),
        "kind": a("enum", values=("BUSINESS", "PERSON")),
        "mail": a("email"),
        "address": a("object", fields={"line": a("text", max=12), "country": a("country")}),
        "number": a("text"),
        "taxEnd": a("text", max=4),
        "currency": a("currency"),
        "days": a("integer"),
        "active": a("boolean", required=True),
        "note": a("text"),
    },
    "invoices-to-payables": {
        "vendor": a("id", to="vendor", required=True),
        "doc": a(
            "object",
            fields={"number": a("text", max=21), "date": a("date", required=True)},
            required=True,
        ),
        "due": a("date", required=True),
        "currency": a("currency"),
        "text": a("text"),
        "total": a("money", currency="currency", required=True),
        "lines": a(
            "list",
            required=True,
            fields={
                "amount": a("money", currency="currency", required=True),
                "text": a("text", max=40),
                "quantity": a("decimal", digits=12, scale=2),
                "account": a("id", to="account"),
                "department": a("id", to="department"),
            },
        ),
    },
    "payments-to-erp": {
        "reference": a("text", required=True, external_reference=True),
        "paidOn": a("datetime", required=True),
        "method": a("text", max=10),
        "number": a("text"),
        "currency": a("currency", required=True),
        "state": a("enum", values=("posted", "reversed")),
        "amount": a("money", currency="currency", required=True),
        "feeShare": a("decimal", scale=2),
        "applies": a(
            "list",
            required=True,
            fields={
                "invoice": a("id", to="ap_invoice", required=True),
                "amount": a("money", currency="USD", required=True),
            },
        ),
    },
    "orders-to-erp": {
        "externalId": a("text", required=True, external_reference=True),
        "orderedAt": a("datetime"),
        "orderDate": a("date", required=True),
        "customer": a("id", to="customer", required=True),
        "currency": a("currency", required=True),
        "shipTo": a("object", fields={"street": a("text"), "country": a("country")}),
        "tags": a("text"),
        "total": a("money", currency="currency"),
        "totalMinor": a("integer"),
        "lines": a(
            "list",
            required=True,
            fields={
                "item": a("text", required=True),
                "quantity": a("decimal"),
                "pieces": a("integer"),
                "discount": a("money", currency="currency"),
                "net": a("money", currency="currency"),
            },
        ),
    },
}


def the_files() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.iterdir())}


def the_document() -> Document:
    return parse(the_files())


def the_maps(document: Document) -> dict[str, ValueMapEntries]:
    return {slug: declared.table() for slug, declared in document.value_maps.items()}


def the_run(document: Document, slug: str) -> RunContext:
    """A run with the settings of both connections of a flow."""
    flow = document.flows[slug]
    return RunContext(
        started_at=NO_RUN.started_at,
        date=NO_RUN.date,
        source=document.connections[flow.source["connection"]].settings,
        destination=document.connections[flow.destination["connection"]].settings,
    )


def a_compiled(document: Document, slug: str) -> CompiledMapping:
    maps = {name: table.shape for name, table in the_maps(document).items()}
    run = the_run(document, slug)
    context = StaticContext(fields=OBJECTS[slug], maps=maps, zone=run.zone)
    return compile_mapping(document.flows[slug].mapping, context=context)
