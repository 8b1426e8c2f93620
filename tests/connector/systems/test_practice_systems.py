"""connector.systems.client against the two practice systems, also while they misbehave."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

from connector.crypto.secret import Secret
from connector.sandbox.server import Running, running_ap, running_erp
from connector.systems import registry
from connector.systems.client import Client
from connector.systems.outcomes import Delivered, Duplicate, Found, NoneThere, Uncertain


@contextmanager
def connected(system: Running, **more: Any) -> Iterator[Client]:
    with Client(
        registry.get(f"sandbox_{system.site.name}"),
        settings={"url": system.url, "zone": "Europe/Berlin"},
        credential={name: Secret(text) for name, text in system.credential.items()},
        hosts=[urlsplit(system.url).netloc],
        zone="Europe/Berlin",
        bucket="practice",
        **more,
    ) as client:
        yield client


def read_all(client: Client, stream: str, mark: str = "") -> tuple[list[Any], str]:
    records: list[Any] = []
    position = None
    while True:
        page = client.read_page(stream, position=position, mark=mark)
        records += page.records
        mark = page.mark
        if page.next is None:
            return records, mark
        position = page.next


VENDOR = {"reference": "V-1", "name": "Papier & Söhne", "country": "DE", "currency": "EUR"}


def a_bill(vendor: str, number: str = "R-1") -> dict[str, Any]:
    return {
        "invoice_number": number,
        "vendor_id": vendor,
        "invoice_date": date(2026, 11, 3),
        "due_date": date(2026, 12, 3),
        "currency": "EUR",
        "total": Decimal("119.00"),
        "lines": [{"amount": Decimal("119.00"), "gl_account": "0400"}],
    }


def make(client: Client, object_: str, values: dict[str, Any], key: str = "k") -> Any:
    return client.send(
        client.prepare_create(object_, values, key=f"{key}-key", external_id=f"{key}-external")
    )


def test_every_stream_of_the_erp_is_read_and_only_changes_are_read_again() -> None:
    with running_erp(vendors=30, bills=450) as erp, connected(erp) as client:
        assert client.check().account["currency"] == "EUR"
        for stream in client.system.streams:
            records, _ = read_all(client, stream)
            assert len({client.record_key(stream, record) for record in records}) == len(records)
        bills, mark = read_all(client, "bills")
        assert len(bills) == 450

        erp.touch("bills", count=3)
        again, later = read_all(client, "bills", mark)

        assert 3 <= len(again) < 60
        assert later > mark
        assert client.read_one("bills", bills[0]["id"]) is not None
        assert client.read_one("bills", "nothing") is None


def test_a_bill_goes_into_the_ledger_is_found_and_is_changed() -> None:
    with running_ap() as ap, connected(ap) as client:
        assert client.check().account
        vendor = make(client, "vendor", VENDOR, "v")
        assert isinstance(vendor, Delivered)
        values = a_bill(vendor.remote_id)
        assert client.find("bill", values, external_id="b-external") == NoneThere(proven=True)

        bill = make(client, "bill", values, "b")
        assert isinstance(bill, Delivered)

        found = client.find("bill", values, external_id="b-external")
        assert isinstance(found, Found)
        assert found.remote_id == bill.remote_id
        change = client.prepare_update(
            "bill", {"memo": "Späti"}, remote_id=bill.remote_id, take={}, key="u"
        )
        assert isinstance(client.send(change), Delivered)
        seen = client.read_back("bill", bill.remote_id)
        assert seen is not None
        assert (seen.values["memo"], seen.values["total"]) == ("Späti", Decimal("119.00"))


@pytest.mark.parametrize("fault", ["drop_after_commit", "error_after_commit"])
def test_a_bill_whose_answer_was_lost_is_sent_again_and_is_there_once(fault: str) -> None:
    with running_ap() as ap, connected(ap) as client:
        vendor = make(client, "vendor", VENDOR, "v")
        prepared = client.prepare_create(
            "bill", a_bill(vendor.remote_id), key="b-key", external_id="b-external"
        )
        ap.faults(**{fault: 1})
        assert isinstance(client.send(prepared), Uncertain)
        assert client.may_repeat("bill", "create")

        ap.faults(**{fault: 0})
        assert isinstance(client.send(prepared), Delivered)
        assert len(read_all(client, "bills")[0]) == 1


def test_where_a_repeat_is_answered_by_a_conflict_the_id_comes_with_it() -> None:
    with running_erp(vendors=0, bills=0) as erp, connected(erp) as client:
        prepared = client.prepare_create("vendor", VENDOR, key="k", external_id="e")
        erp.faults(drop_after_commit=1)
        assert isinstance(client.send(prepared), Uncertain)

        erp.faults(drop_after_commit=0)
        outcome = client.send(prepared)

        vendors, _ = read_all(client, "vendors")
        assert isinstance(outcome, Duplicate)
        assert [vendor["id"] for vendor in vendors] == [outcome.remote_id]


def test_expired_sessions_short_pauses_and_broken_answers_do_not_stop_a_read() -> None:
    with running_erp(vendors=10, bills=100) as erp, connected(erp) as client:
        for fault in ("session_expiry", "rate_limited", "truncate"):
            erp.faults(**{fault: 1, "most": 1})
            assert len(read_all(client, "bills")[0]) == 100
            erp.faults(**{fault: 0})


def test_an_expired_session_does_not_stop_a_write() -> None:
    with running_ap() as ap, connected(ap) as client:
        make(client, "vendor", VENDOR, "v")
        ap.faults(session_expiry=1, most=1)
        assert isinstance(make(client, "vendor", {**VENDOR, "reference": "V-2"}, "w"), Delivered)
        assert len(read_all(client, "vendors")[0]) == 2


def test_times_are_read_and_written_in_the_zone_of_the_connection() -> None:
    order = {
        "reference": "O-1",
        "number": "17",
        "currency": "EUR",
        "ordered_at": datetime(2026, 11, 3, 23, 30, tzinfo=UTC),
        "lines": [{"amount": Decimal("1"), "gl_account": "0400"}],
    }
    with running_erp(vendors=1, bills=0) as erp, connected(erp) as client:
        vendor = read_all(client, "vendors")[0][0]["id"]
        made = make(client, "purchase_order", {**order, "vendor_id": vendor}, "o")
        assert isinstance(made, Delivered)
        seen = client.read_back("purchase_order", made.remote_id)
        assert seen is not None
        assert seen.values["ordered_at"] == order["ordered_at"]
        assert b"2026-11-04T00:30:00+01:00" in (
            client.prepare_create(
                "purchase_order", {**order, "vendor_id": vendor}, key="x", external_id="y"
            ).body
            or b""
        )
