"""A small box with people, connections, a flow, runs and records, for the pages that show them."""

import time
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from appliance.accounts.models import User
from connector.audit import log
from connector.audit.actions import Action
from connector.audit.models import Entry
from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.crypto.secret import Secret
from connector.flows import connections, held, ledger, maps, store
from connector.flows.definition import Definition
from connector.flows.mapping.errors import Reason
from connector.flows.mapping.outcomes import Problem
from connector.flows.models import (
    Connection,
    Delivery,
    Flow,
    HeldRecord,
    Payload,
    Preview,
    Route,
    Run,
    ValueMap,
    Version,
)
from connector.flows.page import HeldBack, Record
from connector.jobs.models import Job
from connector.systems import uploaded
from connector.vault.models import CredentialVersion
from connector.webhooks.models import Endpoint, Event

PASSWORD = "correct horse battery staple"
SECRET = "sk-live-never-shown-again"
WEBHOOK_SECRET = "whsec_never-shown-again"
ROLES = ("owner", "operator", "viewer", "auditor")
SYSTEM = (Path(__file__).parent / "ledger_books.yaml").read_text(encoding="utf-8")
MAPPING: dict[str, Any] = {
    "filter": [["total", "gt", 0]],
    "map": {
        "number": {"from": "number", "do": ["trim", {"max_length": 21}]},
        "vendor": {"from": "supplier"},
        "account": {"from": "account", "do": [{"map": "gl-accounts"}]},
        "amount": {"from": "total", "do": [{"money": "currency"}]},
        "currency": {"from": "currency"},
        "date": {"from": "date"},
    },
}


def a_person(role: str, name: str = "") -> User:
    return User.objects.create_user(
        username=name or role, password=PASSWORD, role=role, first_name=(name or role).title()
    )


def just_proved(person: User, session: Any) -> None:
    """As if this person had confirmed a moment ago to be who they are."""
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()


def people() -> dict[str, User]:
    return {role: a_person(role) for role in ROLES}


def a_system() -> None:
    uploaded.save(SYSTEM, filename="ledger_books.yaml", actor="owner")


def a_connection(slug: str, title: str, *, host: str = "books") -> Connection:
    return connections.create(
        slug=slug,
        title=title,
        system="ledger_books",
        settings={"host": f"{host}.example.com"},
        secrets={"user": Secret("robot"), "key": Secret(SECRET)},
        actor="owner",
    )


def a_map() -> ValueMap:
    return maps.create(
        slug="gl-accounts",
        title="ERP account to ledger account",
        keys=["account"],
        entries=[(("6400",), "acc-001"), (("0500",), "acc-002")],
        actor="owner",
    )


def a_flow(slug: str = "bills", title: str = "Approved invoices to the ledger") -> Flow:
    """The flow with all that it stands on; what is there already is used."""
    if not Connection.objects.exists():
        a_system()
        a_connection("erp", "Halden ERP", host="erp")
        a_connection("books", "Ledger Books, Halden")
        a_map()
    return store.create(
        slug=slug,
        title=title,
        source=Connection.objects.get(slug="erp"),
        stream="invoices",
        destination=Connection.objects.get(slug="books"),
        object_="bill",
        said=Definition(mapping=MAPPING, trigger={"schedule": "every 10m"}),
        actor="owner",
    )


def a_run(flow: Flow, *, state: str = Run.State.FINISHED, ago: float = 10, **counts: int) -> Run:
    """A run of some minutes ago with the counts given; its sum is made to add up."""
    at = timezone.now() - timedelta(minutes=ago)
    assert flow.current is not None
    over = state not in (Run.State.QUEUED, Run.State.RUNNING)
    run = Run.objects.create(
        id=uuid4(),
        flow=flow,
        version=flow.current,
        cause=Run.Cause.SCHEDULE,
        actor="schedule",
        state=state,
        read=sum(counts.values()),
        pages=3,
        started_at=at,
        finished_at=at + timedelta(seconds=6) if over else None,
        **counts,
    )
    Run.objects.filter(pk=run.pk).update(created_at=at)
    run.refresh_from_db()
    return run


def a_delivery(
    run: Run,
    number: str,
    *,
    state: str = Delivery.State.DELIVERED,
    problem: str = "",
    words: str = "",
) -> Delivery:
    route = ledger.route_of(run.version)
    row = Delivery(
        route=route,
        source_key=_key(number),
        state=state,
        key=_key(number).hex(),
        external_id=_key(number[::-1]).hex(),
        fingerprint=b"f" * 16,
        flow=run.flow,
        version=run.version,
        run=run,
        problem=problem,
        sent_at=run.created_at,
        settled_at=None if state == Delivery.State.SENDING else run.created_at,
    )
    row.source_key_sealed = envelope.seal(
        Domain.PAYLOAD, number.encode(), place=row.place("source_key")
    )
    if state == Delivery.State.DELIVERED:
        row.remote_key = _key(f"remote {number}")
        row.remote_sealed = envelope.seal_json(
            Domain.PAYLOAD, {"id": f"bill-{number}", "take": {}}, place=row.place("remote")
        )
    if words:
        row.problem_sealed = envelope.seal_json(
            Domain.PAYLOAD, {"text": words}, place=row.place("problem")
        )
    row.save()
    return row


def a_payload(row: Delivery, number: str) -> Payload:
    record = {
        "id": number,
        "number": number,
        "supplier": "Kessler Stahl AG",
        "total": Decimal("1880.20"),
    }
    return Payload.objects.create(
        delivery=row,
        record_sealed=envelope.seal_json(Domain.PAYLOAD, record, place=row.place("payload record")),
        request_sealed=envelope.seal_json(
            Domain.PAYLOAD, {"number": number}, place=row.place("payload request")
        ),
        kept_until=timezone.now() + timedelta(days=7),
    )


def a_held_record(run: Run, number: str, *, account: str = "6405") -> HeldRecord:
    problem = Problem(
        "account",
        Reason.NO_MAP_ENTRY,
        account,
        f'"{account}" has no entry in "ERP account to ledger account".',
        f"map:gl-accounts:{account}",
    )
    back = HeldBack(Record(number, _key(number), b"p" * 16, {"number": number}), (problem,))
    held.keep(run, _route(run), [back])
    return HeldRecord.objects.get(flow=run.flow, source_key=_key(number))


def an_endpoint(slug: str = "books-events") -> Endpoint:
    row = Endpoint(
        slug=slug,
        path=f"{slug}-path",
        title="Ledger Books events",
        connection=Connection.objects.get(slug="books"),
        scheme="stripe",
    )
    row.secret_sealed = envelope.seal(
        Domain.RECEIVER, WEBHOOK_SECRET.encode(), place=row.place("secret")
    )
    row.save()
    return row


def an_event(row: Endpoint, name: str, *, state: str = Event.State.PROCESSED) -> Event:
    event = Event(
        endpoint=row, event_id=name, type="bill.updated", state=state, body_hash=_key(name) * 2
    )
    event.body_sealed = envelope.seal_json(Domain.PAYLOAD, {}, place=event.body_place)
    event.save()
    return event


def an_entry(actor: str = "owner", subject: str = "account:owner") -> None:
    with transaction.atomic():
        log.record(Action.SIGNED_IN, actor=actor, subject=subject, address="192.0.2.7")


def a_busy_box(now: datetime | None = None) -> Flow:
    """One of everything."""
    flow = a_flow()
    run = a_run(flow, delivered=3, unchanged=4, skipped=1, held=2, rejected=1, uncertain=1)
    a_payload(a_delivery(run, "INV-1"), "INV-1")
    a_delivery(run, "INV-2", state="rejected", problem="refused", words="Number already used")
    a_delivery(run, "INV-3", state="uncertain", problem="not_proven")
    a_held_record(run, "INV-4")
    a_held_record(run, "INV-5")
    an_event(an_endpoint(), "evt_8799")
    return flow


def _route(run: Run) -> Route:
    return ledger.route_of(run.version)


def _key(text: str) -> bytes:
    return text.encode().ljust(16, b".")[:16]


def state() -> tuple[int, ...]:
    """Counts of all that a form could change."""
    models = (Connection, CredentialVersion, Version, Job, Entry, Preview, Run)
    return tuple(model.objects.count() for model in models)


def actions() -> list[str]:
    return list(Entry.objects.order_by("number").values_list("action", flat=True))
