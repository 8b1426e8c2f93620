"""The two descriptions, driven by the product's own client against the running systems."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.crypto.secret import Secret
from connector.sandbox.ap_records import KINDS as AP_KINDS
from connector.sandbox.erp_records import KINDS as ERP_KINDS
from connector.sandbox.server import Running, running_ap, running_erp
from connector.systems import outcomes
from connector.systems.client import Client
from connector.systems.errors import Kind, SystemFailure
from connector.systems.hosts import allowed_hosts
from connector.systems.load import load_file
from connector.systems.registry import CATALOGUE
from connector.systems.spec import System

LOOKUP = Path(__file__).parent / "specs" / "sandbox_ap_lookup.yaml"
ERP = load_file(CATALOGUE / "sandbox_erp.yaml")
AP = load_file(CATALOGUE / "sandbox_ap.yaml")


@contextmanager
def client(system: System, running: Running, **credential: str) -> Iterator[Client]:
    fields = {**running.credential, **credential}
    settings = {"url": running.url, "zone": "Europe/Berlin"}
    with Client(
        system,
        settings=settings,
        credential={name: Secret(value) for name, value in fields.items()},
        hosts=allowed_hosts(system, settings),
        zone="Europe/Berlin",
        bucket=running.url,
    ) as made:
        yield made


def read_all(made: Client, stream: str, mark: str = "") -> tuple[list[dict[str, Any]], str]:
    found: list[dict[str, Any]] = []
    position = None
    while True:
        page = made.read_page(stream, position=position, mark=mark)
        found += [dict(record) for record in page.records]
        position = page.next
        if position is None:
            return found, page.mark


def ap_values(vendor_id: str, number: str = "INV-1") -> dict[str, Any]:
    return {
        "invoice_number": number,
        "vendor_id": vendor_id,
        "kind": "invoice",
        "invoice_date": date(2026, 11, 1),
        "due_date": date(2026, 11, 30),
        "currency": "EUR",
        "total": Decimal("119.00"),
        "lines": [{"amount": Decimal("100.00"), "tax": Decimal("19.00"), "gl_account": "0400"}],
    }


@pytest.fixture
def ap_system() -> Iterator[Running]:
    with running_ap(vendors=1) as system:
        yield system


@pytest.fixture
def ap(ap_system: Running) -> Iterator[Client]:
    with client(AP, ap_system) as made:
        yield made


@pytest.fixture
def vendor_id(ap: Client) -> str:
    return str(read_all(ap, "vendors")[0][0]["id"])


@pytest.fixture
def erp() -> Iterator[Client]:
    with running_erp(bills=450) as system, client(ERP, system) as made:
        yield made


def test_a_connection_shows_whose_account_it_is(ap: Client, erp: Client) -> None:
    assert ap.check().account["company"] == "Havel & Söhne GmbH"
    assert erp.check().account == {"company": "Havel & Söhne GmbH", "currency": "EUR"}


def test_a_wrong_secret_is_a_matter_of_configuration(ap_system: Running) -> None:
    with client(AP, ap_system, password="wrong") as made, pytest.raises(SystemFailure) as failed:
        made.check()
    assert failed.value.kind is Kind.CONFIG
    assert "user or the password" in failed.value.message
    with running_erp(bills=0) as system, client(ERP, system, client_secret="wrong") as made:
        with pytest.raises(SystemFailure) as failed:
            made.check()
        assert failed.value.kind is Kind.CONFIG


@pytest.mark.parametrize("stream", ["vendors", "purchase_orders", "bills", "payments"])
def test_every_record_of_the_erp_is_read_once(erp: Client, stream: str) -> None:
    records, mark = read_all(erp, stream)
    assert len({record["id"] for record in records}) == len(records) > 0
    again, _ = read_all(erp, stream, mark)
    assert len(again) < 20


def test_the_fields_of_the_streams_are_those_of_the_records(erp: Client) -> None:
    for stream in ERP.streams:
        records, _ = read_all(erp, stream)
        seen = {name for record in records for name in record} - {"version"}
        assert seen == set(ERP.streams[stream].fields)


def test_the_fields_of_the_objects_are_those_that_are_taken() -> None:
    for system, kinds in ((ERP, ERP_KINDS), (AP, AP_KINDS)):
        for kind in kinds:
            described = system.objects[kind.noun].fields
            places = {field.at[0] for field in described.values()}
            assert places | {"external_id"} == {*kind.fields, "external_id"}


def test_a_bill_is_made_once_however_often_it_is_sent(
    ap: Client, ap_system: Running, vendor_id: str
) -> None:
    ready = ap.prepare_create("bill", ap_values(vendor_id), key="k1", external_id="ext1")
    first, again = ap.send(ready), ap.send(ready)
    assert isinstance(first, outcomes.Delivered)
    assert first == again
    assert ap_system.stats()["bills"] == 1
    record = ap.read_one("bills", first.remote_id)
    assert record
    assert record["external_id"] == "ext1"
    assert record["header"]["invoice_date"] == "2026-11-01"
    assert record["lines"][0]["gl_account"] == "0400"


@pytest.mark.parametrize("fault", ["drop_after_commit", "error_after_commit", "truncate"])
def test_a_lost_answer_is_uncertain_and_settled_by_the_same_call(
    ap: Client, ap_system: Running, vendor_id: str, fault: str
) -> None:
    ready = ap.prepare_create("bill", ap_values(vendor_id), key="k1", external_id="ext1")
    ap_system.faults(**{fault: 1, "most": 1})
    assert isinstance(ap.send(ready), outcomes.Uncertain)
    settled = ap.send(ready)
    assert isinstance(settled, outcomes.Delivered)
    found = ap.find("bill", ap_values(vendor_id), external_id="ext1")
    assert isinstance(found, outcomes.Found)
    assert found.remote_id == settled.remote_id
    assert ap_system.stats()["bills"] == 1


def test_a_bill_that_the_ledger_does_not_take_is_refused_in_its_words(
    ap: Client, ap_system: Running, vendor_id: str
) -> None:
    wrong = {**ap_values(vendor_id), "total": Decimal("119.01")}
    outcome = ap.send(ap.prepare_create("bill", wrong, key="k", external_id="e"))
    assert isinstance(outcome, outcomes.Refused)
    assert "The lines give 119.00" in outcome.message
    assert ap_system.stats()["bills"] == 0


def test_an_ended_session_is_renewed_without_a_word(
    ap: Client, ap_system: Running, vendor_id: str
) -> None:
    ap_system.ask("POST", "/admin/expire", {})
    ready = ap.prepare_create("bill", ap_values(vendor_id), key="k", external_id="e")
    assert isinstance(ap.send(ready), outcomes.Delivered)


def test_a_limit_is_told_with_its_wait(ap: Client, ap_system: Running, vendor_id: str) -> None:
    ready = ap.prepare_create("bill", ap_values(vendor_id), key="k", external_id="e")
    ap_system.faults(rate_limited=1, retry_after_s=1)
    outcome = ap.send(ready)
    assert isinstance(outcome, outcomes.NotSent)
    assert outcome.failure.kind is Kind.RATE_LIMITED
    assert outcome.failure.wait_s == 1


@pytest.mark.parametrize("number", [1, 2])
def test_a_page_that_comes_twice_stops_the_read(number: int) -> None:
    system = running_erp(bills=450) if number == 1 else running_ap(vendors=450)
    spec, stream = (ERP, "bills") if number == 1 else (AP, "vendors")
    with system as running, client(spec, running) as made:
        first = made.read_page(stream, position=None, mark="")
        running.faults(duplicate_page=1)
        with pytest.raises(SystemFailure) as failed:
            position = first.next
            while position is not None:
                position = made.read_page(stream, position=position, mark="").next
        assert failed.value.kind is Kind.TRANSIENT


def test_a_bill_is_changed_in_part(ap: Client, vendor_id: str) -> None:
    values = ap_values(vendor_id)
    made = ap.send(ap.prepare_create("bill", values, key="k", external_id="e"))
    assert isinstance(made, outcomes.Delivered)
    ready = ap.prepare_update(
        "bill", {"memo": "checked"}, remote_id=made.remote_id, take={}, key="k2"
    )
    assert isinstance(ap.send(ready), outcomes.Delivered)
    record = ap.read_one("bills", made.remote_id)
    assert record
    assert (record["header"]["memo"], record["header"]["total"]) == ("checked", "119.00")


def test_the_erp_names_the_bill_that_the_request_made_before(erp: Client) -> None:
    vendor = str(read_all(erp, "vendors")[0][0]["id"])
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    line = {"amount": Decimal("100.00"), "tax_amount": Decimal("19.00"), "gl_account": "0400"}
    values = {
        "reference": "AP-1",
        "vendor_id": vendor,
        "number": "INV-9",
        "currency": "EUR",
        "issued_at": moment,
        "due_at": moment,
        "total": Decimal("119.00"),
        "lines": [line],
    }
    ready = erp.prepare_create("bill", values, key="k1", external_id="ext1")
    first, again = erp.send(ready), erp.send(ready)
    assert isinstance(first, outcomes.Delivered)
    assert isinstance(again, outcomes.Duplicate)
    assert again.remote_id == first.remote_id
    found = erp.find("bill", values, external_id="ext1")
    assert isinstance(found, outcomes.Found)
    assert found.remote_id == first.remote_id


def test_without_keys_a_lost_answer_is_settled_by_a_look_up() -> None:
    spec = load_file(LOOKUP)
    with running_ap(vendors=1, idempotent=False) as running, client(spec, running) as made:
        vendor_id = str(read_all(made, "vendors")[0][0]["id"])
        values = ap_values(vendor_id)
        none = made.find("bill", values, external_id="ext1")
        assert none == outcomes.NoneThere(proven=True)
        running.faults(drop_after_commit=1, most=1)
        ready = made.prepare_create("bill", values, key="k", external_id="ext1")
        assert isinstance(made.send(ready), outcomes.Uncertain)
        found = made.find("bill", values, external_id="ext1")
        assert isinstance(found, outcomes.Found)
        assert not made.may_repeat("bill", "create")
        made.send(ready)
        both = made.find("bill", values, external_id="ext1")
        assert isinstance(both, outcomes.Ambiguous)
        assert running.stats()["repeated_references"] == {"ext1": 2}


def test_the_variant_without_keys_differs_in_nothing_else() -> None:
    spec = load_file(LOOKUP)
    assert spec.streams == AP.streams
    for name, one in spec.objects.items():
        assert one.idempotency.kind == "lookup"
        assert (one.fields, one.find) == (AP.objects[name].fields, AP.objects[name].find)
