"""A box that has been at work for two weeks, for the browser."""

from datetime import timedelta
from random import Random
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from appliance.accounts.models import User
from appliance.people import invitations
from connector.api import tokens
from connector.audit import log
from connector.audit.actions import Action
from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.crypto.secret import Secret
from connector.flows import previews
from connector.flows.models import Connection, Delivery, Flow, HeldRecord, Preview, Run
from connector.vault import change_over, store
from connector.vault.models import Credential
from connector.webhooks.models import Endpoint, Tally
from tests.connector.console import box


def fill() -> User:
    """Fill the box; answers its owner."""
    owner = box.a_person("owner", "Mara")
    for role in ("operator", "viewer", "auditor"):
        box.a_person(role)
    flow = box.a_busy_box()
    second = box.a_flow("suppliers", "Suppliers to the ledger")
    dice = Random(7)
    for day in range(13, -1, -1):
        for one, number in ((flow, 3), (second, 1)):
            for hour in range(number):
                box.a_run(
                    one,
                    ago=day * 1_440 + hour * 200 + 30,
                    delivered=dice.randrange(200, 900),
                    unchanged=dice.randrange(90),
                    skipped=dice.randrange(40),
                    held=dice.choice([0, 0, 9]),
                    rejected=dice.choice([0, 0, 3]),
                )
    run = box.a_run(
        flow,
        state=Run.State.RUNNING,
        ago=4,
        delivered=1102,
        unchanged=96,
        skipped=41,
        held=38,
        rejected=5,
        uncertain=2,
    )
    for number in range(31):
        box.a_held_record(run, f"RE-{number}", account="6405")
    for number in range(7):
        box.a_held_record(run, f"KH-{number}", account="8811")
    for number in range(30):
        box.a_delivery(run, f"INV-{20_000 + number}")
    _health()
    _credentials()
    _webhook()
    _preview(flow)
    _tokens(owner)
    with transaction.atomic():
        log.record(
            Action.FLOW_DISABLED,
            actor="Mara",
            subject=f"flow:{second.pk}",
            slug="suppliers",
            reason="stocktaking",
        )
    return owner


def pages() -> dict[str, str]:
    """Name of each page and its path in the filled box."""
    cause = HeldRecord.objects.filter(flow__slug="bills").last()
    assert cause is not None
    run = Run.objects.filter(state=Run.State.RUNNING).get()
    preview = Preview.objects.get()
    uncertain = Delivery.objects.get(state=Delivery.State.UNCERTAIN)
    return {
        "overview": reverse("overview"),
        "inbox": reverse("inbox"),
        "group": reverse("inbox-group", args=["bills", cause.cause]),
        "flows": reverse("flows"),
        "flow": reverse("flow", args=["bills"]),
        "versions": reverse("flow-versions", args=["bills"]),
        "mapping": f"{reverse('mapping', args=['bills'])}?draft={preview.pk}",
        "runs": reverse("runs"),
        "run": reverse("run", args=[run.pk]),
        "deliveries": reverse("deliveries"),
        "delivery": reverse("delivery", args=[Delivery.objects.order_by("pk")[0].pk]),
        "uncertain": reverse("delivery", args=[uncertain.pk]),
        "connections": reverse("connections"),
        "connection": reverse("connection", args=["books"]),
        "systems": reverse("connection-systems"),
        "add": reverse("connection-add", args=["ledger_books"]),
        "connection-due": reverse("connection", args=["erp"]),
        "rotate": reverse("connection-rotate", args=["books"]),
        "import": reverse("connection-import"),
        "delete": reverse("credential-delete", args=["books"]),
        "maps": reverse("maps"),
        "map": reverse("map", args=["gl-accounts"]),
        "webhooks": reverse("webhooks"),
        "webhook": reverse("webhook-page", args=["books-events"]),
        "audit": reverse("audit"),
        "people": reverse("people"),
        "person": reverse("person", args=[User.objects.get(username="operator").pk]),
        "invite": reverse("invite"),
        "invited": reverse("invited", args=[_invitation()]),
        "tokens": reverse("tokens"),
        "token-new": reverse("token-new"),
        "account": reverse("account"),
        "account-password": reverse("account-password"),
        "account-app": reverse("mfa_activate_totp"),
        "account-passkey": reverse("mfa_add_webauthn"),
        "second-factor": reverse("second-factor"),
        "confirm": reverse("confirm"),
        "sign-in-rules": reverse("sign-in-rules"),
        "auditors": reverse("auditors:index"),
        "auditors-entries": reverse("auditors:audit_entry_changelist"),
    }


def _tokens(owner: User) -> None:
    for title, scopes in (("Ledger export", ["runs.see"]), ("Night watch", ["overview.see"])):
        tokens.create(maker=owner, title=title, scopes=scopes, days=90, actor="Mara")


def _invitation() -> str:
    owner = User.objects.get(username="Mara")
    email = "ines.roth@halden.example"
    return invitations.create(email=email, role="viewer", maker=owner, actor="Mara").reveal()


def _health() -> None:
    now = timezone.now()
    Connection.objects.filter(slug="books").update(
        health="ok", checked_at=now - timedelta(minutes=15), last_ok_at=now - timedelta(minutes=15)
    )
    Connection.objects.filter(slug="erp").update(
        health="failing",
        health_message="Halden ERP did not accept the user or the password.",
        checked_at=now - timedelta(minutes=2),
        last_ok_at=now - timedelta(hours=26),
    )


def _credentials() -> None:
    """One that waits with a problem, one whose last day is near."""
    books, erp = (Credential.objects.get(connections__slug=slug) for slug in ("books", "erp"))
    store.rotate(
        books,
        {"user": Secret("robot"), "key": Secret(f"{box.SECRET}-2")},
        expires_on=timezone.localdate() + timedelta(days=400),
        actor="Mara",
    )
    version = store.pending(books.pk)
    assert version is not None
    change_over.note_failure(
        version.pk, "Ledger Books did not accept the user or the key.", actor="worker"
    )
    store.set_expiry(erp, timezone.localdate() + timedelta(days=9), actor="Mara")


def _webhook() -> None:
    row = Endpoint.objects.get(slug="books-events")
    for number in range(6):
        box.an_event(row, f"evt_{8_800 + number}", state="processed" if number else "received")
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    Tally.objects.create(endpoint=row, hour=hour, outcome="unsigned", events=14)


def _preview(flow: Flow) -> None:
    row = previews.ask(flow, box.MAPPING, actor="Mara")
    fields: list[dict[str, Any]] = [
        {
            "field": "number",
            "paths": ["number"],
            "read": "RE-2026-4471 ",
            "steps": [
                {"name": "trim", "value": "RE-2026-4471"},
                {"name": "max_length", "value": "RE-2026-4471"},
            ],
            "value": "RE-2026-4471",
            "problem": "",
        },
        {
            "field": "account",
            "paths": ["account"],
            "read": "6405",
            "steps": [{"name": "map", "value": None}],
            "value": None,
            "problem": '"6405" has no entry in "ERP account to ledger account".',
        },
        {
            "field": "date",
            "paths": ["date"],
            "read": {"$date": "2026-11-19"},
            "steps": [],
            "value": {"$date": "2026-11-19"},
            "problem": "",
        },
    ]
    result = [
        {
            "key": "4471",
            "record": {},
            "fields": fields,
            "outcome": "held",
            "problems": [
                {"field": "account", "reason": "no_map_entry", "text": fields[1]["problem"]}
            ],
        },
        {
            "key": "4472",
            "record": {},
            "fields": fields[:1],
            "outcome": "mapped",
            "values": {"number": "RE-2026-4472", "amount": 12},
        },
    ]
    row.result_sealed = envelope.seal_json(Domain.PAYLOAD, result, place=row.result_place)
    row.state = Preview.State.READY
    row.save()
