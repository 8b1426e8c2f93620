"""The description of Tryton, each of its calls made by the product's own client."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connector.crypto.secret import Secret
from connector.systems import outcomes
from connector.systems.client import Client
from connector.systems.errors import Kind, SystemFailure
from connector.systems.hosts import allowed_hosts
from connector.systems.registry import get
from tests.real.tryton import DATABASE, LOGIN, PASSWORD, Tryton

pytestmark = [pytest.mark.real, pytest.mark.django_db]

USED = ["closed", "!=", True]
KEY = {"key": "k", "external_id": "e"}


@contextmanager
def client(tryton: Tryton, *, password: str = PASSWORD, **settings: Any) -> Iterator[Client]:
    system = get("tryton")
    (payable, *_) = tryton.search("account.account", [USED, ["type.payable", "=", True]])
    (journal,) = tryton.search("account.journal", [["type", "=", "expense"]])
    filled = {
        "url": tryton.url,
        "database": DATABASE,
        "company": 1,
        "zone": "Europe/Berlin",
        "payable_account": payable["id"],
        "journal": journal["id"],
        "post_invoices": False,
        **settings,
    }
    with Client(
        system,
        settings=filled,
        credential={"login": Secret(LOGIN), "password": Secret(password)},
        hosts=allowed_hosts(system, filled),
        zone="Europe/Berlin",
        bucket=tryton.url,
    ) as made:
        yield made


def invoice(tryton: Tryton, reference: str, **changed: Any) -> dict[str, Any]:
    """120.01 EUR of the first supplier."""
    (party,) = tryton.search("party.party", [["code", "=", "S-101"]], "addresses")
    (account,) = tryton.search("account.account", [["code", "=", "5.1.1"]])
    line = {"description": "Paper", "quantity": Decimal("2.5"), "unit_price": Decimal("48.0032")}
    return {
        "party": str(party["id"]),
        "invoice_address": str(party["addresses"][0]),
        "reference": reference,
        "invoice_date": date.today(),
        "lines": [{**line, "account": str(account["id"])}],
        **changed,
    }


def made(one: Client, values: dict[str, Any]) -> outcomes.Delivered:
    outcome = one.send(one.prepare_create("supplier_invoice", values, **KEY))
    assert isinstance(outcome, outcomes.Delivered), outcome
    return outcome


def test_a_wrong_password_is_said_and_nothing_is_read(tryton: Tryton) -> None:
    with (
        client(tryton, password="wrong") as one,
        pytest.raises(SystemFailure, match="did not accept the user or the password") as refused,
    ):
        one.read_page("suppliers", position=None, mark="")
    assert refused.value.kind is Kind.CONFIG


def test_the_check_names_the_company(tryton: Tryton) -> None:
    with client(tryton) as one:
        assert dict(one.check().account) == {"company": "Practice Company"}


@pytest.mark.parametrize("stream", ["suppliers", "supplier_invoices"])
def test_a_record_read_by_itself_is_the_one_of_the_list(tryton: Tryton, stream: str) -> None:
    with client(tryton) as one:
        page = one.read_page(stream, position=None, mark="")
        assert page.records
        for record in page.records:
            alone = one.read_one(stream, str(record["id"]))
            assert alone is not None
            assert {name: alone[name] for name in record if name != "create_date"} == {
                name: value for name, value in record.items() if name != "create_date"
            }


def test_from_a_mark_on_only_what_changed_since_is_read(tryton: Tryton) -> None:
    with client(tryton) as one:
        mark = one.read_page("supplier_invoices", position=None, mark="").mark
        later = f"{int(mark[:4]) + 1}{mark[4:]}"
        assert one.read_page("supplier_invoices", position=None, mark=later).records == ()


@pytest.mark.parametrize(
    ("stream", "codes"), [("accounts", {"5.1.1", "6.3.6"}), ("countries", {"DE", "JP"})]
)
def test_codes_are_offered_for_value_maps(tryton: Tryton, stream: str, codes: set[str]) -> None:
    with client(tryton) as one:
        page = one.read_page(stream, position=None, mark="")
    assert page.next is None
    assert codes <= {record["code"] for record in page.records}


def test_an_invoice_is_looked_up_made_found_changed_and_cancelled(tryton: Tryton) -> None:
    values = invoice(tryton, "WHOLE-LIFE")
    with client(tryton) as one:
        before = one.find("supplier_invoice", values, external_id="e")
        remote_id = made(one, values).remote_id
        after = one.find("supplier_invoice", values, external_id="e")
        line = {**values["lines"][0], "quantity": Decimal(1), "unit_price": Decimal("7.10")}
        change = one.prepare_update(
            "supplier_invoice", {"lines": [line]}, remote_id=remote_id, take={}, key="k"
        )
        changed = one.send(change)
        total = tryton.search("account.invoice", [["id", "=", int(remote_id)]], "total_amount")
        void = one.prepare_void("supplier_invoice", remote_id=remote_id, take={}, key="k")
        voided = one.send(void)
        end = one.read_back("supplier_invoice", remote_id)

    assert before == outcomes.NoneThere(proven=True)
    assert isinstance(after, outcomes.Found)
    assert after.remote_id == remote_id
    assert isinstance(changed, outcomes.Delivered)
    assert total[0]["total_amount"] == Decimal("7.10")
    assert isinstance(voided, outcomes.Delivered)
    assert end is not None
    assert (end.record["state"], end.final) == ("cancelled", True)


def test_what_tryton_says_no_to_is_refused_in_its_own_words(tryton: Tryton) -> None:
    (party,) = tryton.search("party.party", [["code", "=", "S-102"]], "addresses")
    foreign = invoice(tryton, "FOREIGN", invoice_address=str(party["addresses"][0]))
    with client(tryton) as one:
        outcome = one.send(one.prepare_create("supplier_invoice", foreign, **KEY))

    assert isinstance(outcome, outcomes.Refused)
    assert "Invoice Address" in outcome.message
    assert not tryton.search("account.invoice", [["reference", "=", "FOREIGN"]])


def test_a_second_posting_of_a_reference_is_left_to_a_person(tryton: Tryton) -> None:
    values = invoice(tryton, "TWICE")
    with client(tryton, post_invoices=True) as one:
        ends = []
        for _ in range(2):
            there = made(one, values)
            assert there.steps == 1
            ends.append(
                one.finish(
                    "supplier_invoice",
                    values,
                    verb="create",
                    remote_id=there.remote_id,
                    take=there.take,
                    key="k",
                    on_step=lambda number: None,
                )
            )
    found = tryton.search("account.invoice", [["reference", "=", "TWICE"]], "state")

    assert isinstance(ends[0], outcomes.Delivered)
    assert isinstance(ends[1], outcomes.Refused)
    assert [one["state"] for one in found] == ["posted", "draft"]
