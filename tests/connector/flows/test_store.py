"""connector.flows.store and connector.flows.connections"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db import connections as database

from connector.audit.models import Entry
from connector.crypto.secret import Secret
from connector.flows import connections, store
from connector.flows.definition import Definition
from connector.flows.errors import BadDefinition, FlowsError, NotPossible
from connector.flows.models import Connection, Flow, Version
from tests.connector.flows.box import VENDORS, connect_to
from tests.connector.flows.rows import a_flow

pytestmark = pytest.mark.django_db(transaction=True)
RECORD = {"id": "V-1", "name": " Alpha ", "country": "DE", "currency": "EUR", "payment_days": 30}


def test_the_same_text_makes_no_new_version() -> None:
    flow = a_flow()

    assert store.save_version(flow, Definition(mapping=VENDORS), actor="omar") is None
    assert Version.objects.count() == 1


def test_another_text_makes_a_new_version_and_the_old_one_stays() -> None:
    flow = a_flow()
    old = Version.objects.values().get()

    new = store.save_version(flow, Definition(mapping={**VENDORS, "checks": []}), actor="ruth")

    assert new is not None and new.number == 2
    assert Flow.objects.get().current_id == new.pk
    assert Version.objects.values().get(number=1) == old


def test_people_who_save_at_the_same_moment_make_one_version_each_in_a_row() -> None:
    flow = a_flow()

    def one(number: int) -> None:
        try:
            said = Definition(mapping=VENDORS, policies={"keep_held": f"{number}d"})
            store.save_version(flow, said, actor=f"person {number}")
        finally:
            database.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(1, 7)))

    numbers = Version.objects.order_by("number").values_list("number", flat=True)
    current = Flow.objects.select_related("current").get().current
    assert list(numbers) == list(range(1, 8))
    assert current is not None and current.number == 7


def test_a_version_never_changes_in_the_database() -> None:
    a_flow()

    acts: list[Any] = [
        lambda: Version.objects.update(note="other"),
        lambda: Version.objects.all().delete(),
    ]
    for act in acts:
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_a_stored_test_that_fails_refuses_the_save_and_nothing_is_changed() -> None:
    flow = a_flow()
    entries = Entry.objects.count()
    wrong = {"name": "trims", "record": RECORD, "expect": {"name": "Beta"}}

    with pytest.raises(BadDefinition, match="trims"):
        store.save_version(flow, Definition(mapping={**VENDORS, "tests": [wrong]}), actor="omar")

    assert Version.objects.count() == 1
    assert Entry.objects.count() == entries


def test_a_rule_that_is_none_refuses_the_save() -> None:
    with pytest.raises(BadDefinition):
        store.save_version(
            a_flow(), Definition(mapping=VENDORS, trigger={"schedule": "often"}), actor="omar"
        )

    assert Version.objects.count() == 1


def test_a_flow_is_switched_off_with_a_reason_alone() -> None:
    with pytest.raises(NotPossible):
        store.set_enabled(a_flow(), False, actor="omar", reason=" ")

    assert Flow.objects.get().enabled


def test_another_host_needs_the_credential_again_and_nothing_is_changed_without() -> None:
    row = connect_to("http://127.0.0.1:9", "ap", "sandbox_ap", user="u", password="p")
    moved = {"url": "https://other.example"}

    with pytest.raises(BadDefinition, match="Enter the credential again"):
        connections.change(row, settings=moved, actor="omar")
    same = Connection.objects.get()
    assert connections.settings_of(same)["url"] == "http://127.0.0.1:9"
    secrets = {"user": Secret("u"), "password": Secret("p2")}
    connections.change(row, settings=moved, secrets=secrets, actor="omar")

    row = Connection.objects.get()
    assert row.hosts == ["other.example"]
    assert row.credential is not None and row.credential.hosts == ["other.example"]


def test_no_secret_stands_in_a_refusal_or_an_entry() -> None:
    with pytest.raises(FlowsError) as refused:
        connect_to("http://127.0.0.1:9", "ap", "sandbox_ap", user="u", pasword="hidden text")

    assert "hidden text" not in str(refused.value)
    assert "hidden text" not in "".join(Entry.objects.values_list("facts", flat=True))
    assert not Connection.objects.exists()
