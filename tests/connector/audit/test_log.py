"""connector.audit.log and the guards in the database"""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from connector.audit import log
from connector.audit.actions import FACTS, Action
from connector.audit.models import Entry
from connector.crypto.secret import Secret
from tests.conftest import as_role

pytestmark = pytest.mark.django_db


def an_entry(actor: str = "omar") -> Entry:
    entry = log.record(Action.SIGNED_IN, actor=actor, subject="account:1", address="127.0.0.1")
    entry.refresh_from_db()
    return entry


def test_an_entry_keeps_what_it_was_given_and_its_mac_fits() -> None:
    entry = log.record(
        Action.CREDENTIAL_CREATED,
        actor="omar",
        subject="credential:1",
        label="Größe",
        system="sandbox_erp",
        version=1,
        hosts="127.0.0.1",
    )
    entry.refresh_from_db()

    assert '"label": "Größe"' in entry.facts
    assert log.is_genuine(entry)


@pytest.mark.parametrize("column", ["action", "actor", "subject", "facts"])
def test_a_changed_entry_is_not_genuine(column: str) -> None:
    entry = an_entry()

    setattr(entry, column, getattr(entry, column) + " ")

    assert not log.is_genuine(entry)


def test_times_and_ids_are_stored_as_text() -> None:
    plain = log._plain("x", datetime(2026, 11, 20, tzinfo=UTC))

    assert plain == "2026-11-20T00:00:00+00:00"
    assert log._plain("x", UUID(int=1)) == str(UUID(int=1))


def test_a_secret_is_no_fact() -> None:
    with pytest.raises(TypeError, match="address"):
        log.record(Action.SIGNED_IN, actor="omar", subject="s", address=Secret("s3cret"))  # type: ignore[arg-type]

    assert not Entry.objects.exists()


def test_a_fact_that_the_action_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="no fact named password"):
        log.record(Action.SIGNED_IN, actor="omar", subject="s", password="x")


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        an_entry()


def test_every_action_names_its_facts() -> None:
    assert set(FACTS) == set(Action)


def test_an_entry_goes_away_with_the_change_that_failed() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        an_entry()
        raise ZeroDivisionError

    assert not Entry.objects.exists()


CHANGES = [
    "UPDATE audit_entry SET actor = 'nobody'",
    "DELETE FROM audit_entry",
    "TRUNCATE audit_entry",
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", ["web", "worker", "owner"])
def test_no_role_can_change_what_was_recorded(role: str, change: str) -> None:
    entry = an_entry()
    owned = _owned_by_owner()

    with pytest.raises(DatabaseError), transaction.atomic(), as_role(role):
        connection.cursor().execute(change)

    assert owned
    assert Entry.objects.get().actor == entry.actor


@pytest.mark.parametrize("change", CHANGES)
def test_replication_mode_does_not_lift_the_guards(change: str) -> None:
    an_entry()

    with pytest.raises(DatabaseError, match="can only grow"), transaction.atomic():
        cursor = connection.cursor()
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(change)

    assert Entry.objects.count() == 1


def test_the_run_time_roles_can_add_and_read() -> None:
    for role in ("web", "worker"):
        with as_role(role):
            an_entry(actor=role)
            assert Entry.objects.filter(actor=role).count() == 1


def test_the_time_of_an_entry_is_the_databases() -> None:
    entry = Entry(
        at=datetime(1999, 1, 1, tzinfo=UTC),
        action=Action.SIGNED_IN,
        actor="omar",
        subject="s",
        facts="{}",
        key_id="k",
        mac=b"m",
    )
    entry.save()
    entry.refresh_from_db()

    assert entry.at.year > 2000


def test_the_number_of_an_entry_can_not_be_chosen() -> None:
    an_entry()

    with pytest.raises(DatabaseError, match="given by the database"), transaction.atomic():
        Entry(number=-5, action="x", actor="o", subject="s", facts="{}", key_id="k", mac=b"m").save(
            force_insert=True
        )


def _owned_by_owner() -> bool:
    """Give the table to the owner role, as on a box; the suite migrates as somebody else."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry OWNER TO connector_owner")
        cursor.execute("GRANT USAGE ON SCHEMA public TO connector_owner")
    return True
