"""A small world for tests of flows: practice systems in threads, connected, and runs at once."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from connector.crypto.secret import Secret
from connector.flows import connections, dispatch, maps, store, tasks
from connector.flows.definition import Definition
from connector.flows.models import Connection, Flow, Run
from connector.jobs.models import Job
from connector.jobs.running import RunningJob
from connector.sandbox import checks, erp_records, jsontext, records
from connector.sandbox.server import Options, Running, running
from connector.systems import uploaded

VENDORS: dict[str, Any] = {
    "map": {
        "reference": {"from": "id"},
        "name": {"from": "name", "do": ["trim"]},
        "country": {"from": "country"},
        "currency": {"from": "currency"},
        "terms_days": {"from": "payment_days"},
    }
}
BILLS: dict[str, Any] = {
    "filter": [["status", "is", "approved"]],
    "map": {
        "vendor_id": {"link": {"stream": "vendors", "object": "vendor", "key": "vendor_id"}},
        "invoice_number": {"from": "number", "do": ["trim", {"max_length": 200}]},
        "kind": {"from": "type"},
        "invoice_date": {"from": "issued_at", "do": [{"date": {"zone": "Europe/Berlin"}}]},
        "due_date": {"from": "due_at", "do": [{"date": {"zone": "Europe/Berlin"}}]},
        "currency": {"from": "currency", "mode": "if_new"},
        "total": {"from": "total", "do": [{"money": "currency"}]},
        "lines": {
            "each": "lines",
            "map": {
                "description": {"from": "description", "do": [{"max_length": 200}]},
                "amount": {"from": "amount", "do": [{"money": "$record.currency"}]},
                "tax": {"from": "tax_amount", "do": [{"money": "$record.currency"}]},
                "gl_account": {"from": "gl_account", "do": [{"map": "gl-accounts"}]},
            },
        },
    },
    "checks": [
        {
            "name": "lines and tax add up",
            "that": "sum({$out.lines[].amount}) + sum({$out.lines[].tax}) == {$out.total}",
        }
    ],
}
ACCOUNTS = [((code,), code) for code in checks.ACCOUNTS]
LOOKUP = Path(__file__).parents[1] / "sandbox" / "specs" / "sandbox_ap_lookup.yaml"


@dataclass(slots=True)
class World:
    """Both practice systems, connected, with the flows that a test asks for."""

    erp: Running
    ap: Running
    source: Connection
    destination: Connection
    flows: dict[str, Flow] = field(default_factory=dict)

    def flow(
        self, slug: str, stream: str, object_: str, mapping: Mapping[str, Any], **more: Any
    ) -> Flow:
        """Make a flow from ERP to AP and remember it."""
        self.flows[slug] = store.create(
            slug=slug,
            title=slug.replace("-", " ").capitalize(),
            source=self.source,
            stream=stream,
            destination=self.destination,
            object_=object_,
            said=Definition(mapping=mapping, **more),
            actor="omar",
        )
        return self.flows[slug]

    def change_vendor(self, id_: str, **fields: Any) -> None:
        """Change a vendor in the ERP, through its store."""
        site = self.erp.site
        kind = next(kind for kind in erp_records.KINDS if kind.name == "vendors")
        with site.store.change():
            record = site.store.get("vendors", id_)
            assert record is not None
            records.renew(site, kind, {**record, **fields})

    def ap_records(self, kind: str) -> list[dict[str, Any]]:
        """Everything of one kind in the ledger."""
        rows = self.ap.site.store.by_age(kind, {}, "", 0, 10_000)
        return [jsontext.decode(row) for row in rows]

    def vendors_and_bills(self, *, accounts: Any = ACCOUNTS) -> tuple[Flow, Flow]:
        maps.create(
            slug="gl-accounts", title="Accounts", keys=["account"], entries=accounts, actor="omar"
        )
        vendors = self.flow("vendors", "vendors", "vendor", VENDORS)
        return vendors, self.flow("bills", "bills", "bill", BILLS)


@contextmanager
def a_world(
    folder: Path,
    *,
    vendors: int = 10,
    bills: int = 20,
    erp: Any = None,
    ap: Any = None,
    system: str = "sandbox_ap",
) -> Iterator[World]:
    """Start both systems and connect them; `system` describes the ledger."""
    (folder / "erp").mkdir()
    (folder / "ap").mkdir()
    erp_options = Options(home=folder / "erp", vendors=vendors, bills=bills, **(erp or {}))
    with (
        running("erp", erp_options) as one,
        running("ap", Options(home=folder / "ap", **(ap or {}))) as two,
    ):
        yield World(one, two, connect(one, "erp", "sandbox_erp"), connect(two, "ap", system))


def ledger_without_keys(name: str, *, timeout_s: int = 1, looked_up: bool = True) -> str:
    """Describe the practice ledger as one that knows no keys; answers the name to connect it by.

    Args:
        timeout_s: so long a record may stay unseen after it was sent.
        looked_up: False: its bills can't be looked up either.
    """
    text = LOOKUP.read_text().replace("name: sandbox_ap_lookup", f"name: {name}")
    text = text.replace("timeout_s: 30", f"timeout_s: {timeout_s}")
    if not looked_up:
        head, bill = text.split("  bill:\n    title: Bill\n")
        bill, tail = bill.split("    idempotency: {kind: lookup}\n", 1)
        bill = bill[: bill.index("    find:\n")]
        text = (
            f"{head}  bill:\n    title: Bill\n{bill}"
            f"    idempotency: {{kind: none, accept: true}}\n{tail}"
        )
    uploaded.save(text, filename=f"{name}.yaml", actor="omar")
    return name


def connect(system: Running, slug: str, name: str, **settings: Any) -> Connection:
    """A connection to a practice system."""
    return connect_to(system.url, slug, name, settings=settings, **system.credential)


def connect_to(
    url: str, slug: str, name: str, *, settings: Mapping[str, Any] | None = None, **secrets: str
) -> Connection:
    """A connection to whatever answers at this address, if anything does."""
    return connections.create(
        slug=slug,
        title=slug.upper(),
        system=name,
        settings={"url": url, **(settings or {})},
        secrets={key: Secret(value) for key, value in secrets.items()},
        actor="omar",
    )


def run_now(flow: Flow, *, kind: str = Run.Kind.INCREMENTAL, **more: Any) -> Run:
    """Start a run and work on it here until it is over, as the worker would."""
    flow.refresh_from_db()
    with transaction.atomic():
        run = dispatch.start(flow, cause=Run.Cause.MANUAL, actor="omar", kind=kind, **more)
    assert run is not None
    return work_on(run)


def work_on(run: Run, *, slices: int = 40, patience_s: float = 3) -> Run:
    """Run the slices of a run until it is over, each when it is due but at most so much later."""
    queued = Job.objects.filter(dedupe_key=f"flows.run:{run.pk}", state=Job.State.WAITING)
    for _ in range(slices):
        due = queued.values_list("not_before", flat=True).first()
        if due:
            time.sleep(min(max(0.0, (due - timezone.now()).total_seconds()), patience_s))
        queued.update(state=Job.State.DONE)
        tasks.run({"run": str(run.pk)}, a_job())
        run.refresh_from_db()
        if run.is_over:
            queued.update(state=Job.State.DONE)
            return run
    return run


def work_off(*kinds: str) -> None:
    """Do the queued jobs of these kinds here, once each."""
    entries = {
        "flows.run": tasks.run,
        "flows.held": tasks.release_held,
        "flows.decide": tasks.decide,
        "flows.test": tasks.test_connection,
        "flows.preview": tasks.preview,
    }
    for job in Job.objects.filter(state=Job.State.WAITING, kind__in=kinds).order_by("pk"):
        Job.objects.filter(pk=job.pk).update(state=Job.State.DONE)
        entries[job.kind](job.args, a_job())


def a_job() -> RunningJob:
    return RunningJob(id=1, lost=threading.Event(), stop=threading.Event())
