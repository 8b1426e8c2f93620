"""connector.vault.reminders"""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from connector.audit.actions import Action
from connector.audit.models import Entry
from connector.crypto.secret import Secret
from connector.vault import reminders, store
from connector.vault.models import Credential, CredentialVersion, Opening
from connector.vault.reminders import Due, Reason
from tests.conftest import as_role

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 25)


@pytest.fixture(autouse=True)
def policy(settings: Settings) -> None:
    settings.CONNECTOR_REMIND_EXPIRY_DAYS = 30
    settings.CONNECTOR_REMIND_AGE_DAYS = 365


def a_credential(expires_in: int | None = None) -> Credential:
    """One whose last day is in so many days from now."""
    last_day = None if expires_in is None else timezone.localdate() + timedelta(days=expires_in)
    return store.create(
        label="Bill",
        system="bill",
        hosts=("api.bill.com",),
        fields={"key": Secret("k")},
        expires_on=last_day,
        actor="omar",
    )


def go_by(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Let so many days go by."""
    later = timezone.now() + timedelta(days=days)
    monkeypatch.setattr(timezone, "now", lambda: later)


def written() -> list[dict[str, Any]]:
    entries = Entry.objects.filter(action=Action.CREDENTIAL_REMINDER).order_by("number")
    return [json.loads(text) for text in entries.values_list("facts", flat=True)]


@pytest.mark.parametrize(
    ("last_day", "age", "expected"),
    [
        (None, 0, None),
        (None, 364, None),
        (None, 365, Due(Reason.OLD, 365)),
        (TODAY + timedelta(days=31), 0, None),
        (TODAY + timedelta(days=31), 400, Due(Reason.OLD, 400)),
        (TODAY + timedelta(days=30), 400, Due(Reason.EXPIRES, 30)),
        (TODAY, 0, Due(Reason.EXPIRES, 0)),
        (TODAY - timedelta(days=1), 400, Due(Reason.EXPIRED, 1)),
    ],
)
def test_what_is_due_by_days(last_day: date | None, age: int, expected: Due | None) -> None:
    made = datetime(2026, 11, 25, 12, tzinfo=UTC) - timedelta(days=age)
    version = CredentialVersion(expires_on=last_day, created_at=made)

    assert reminders.due(version, today=TODAY) == expected


def test_an_age_of_no_days_is_never_reminded_of(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CONNECTOR_REMIND_AGE_DAYS = 0
    a_credential()
    go_by(monkeypatch, 4000)

    assert not list(reminders.all_due())
    assert reminders.beat() == 0


def test_each_reminder_is_written_down_once(monkeypatch: pytest.MonkeyPatch) -> None:
    a_credential(expires_in=380)
    a_credential()
    go_by(monkeypatch, 366)

    with as_role("worker"):
        assert [reminders.beat(), reminders.beat()] == [2, 0]

    assert sorted(one["reason"] for one in written()) == ["expires", "old"]


def test_the_last_day_has_gone_by_is_a_reminder_of_its_own() -> None:
    credential = a_credential(expires_in=1)
    reminders.beat()
    credential.versions.update(expires_on=timezone.localdate() - timedelta(days=1))

    reminders.beat()

    assert [one["reason"] for one in written()] == ["expires", "expired"]


def test_nothing_is_due_of_what_was_deleted_replaced_or_waits() -> None:
    deleted, replaced, other = (a_credential(expires_in=n) for n in (1, 1, 90))
    store.delete(deleted, actor="omar")
    store.replace(replaced, hosts=("b.example",), fields={"key": Secret("n")}, actor="omar")
    store.rotate(other, {"key": Secret("n")}, expires_on=timezone.localdate(), actor="omar")

    assert not list(reminders.all_due())
    assert reminders.beat() == 0


def test_openings_of_runs_that_are_long_over_are_forgotten() -> None:
    version = a_credential().versions.get()
    for days in (1, 31):
        row = Opening.objects.create(version=version, purpose=f"run:{days}")
        Opening.objects.filter(pk=row.pk).update(at=timezone.now() - timedelta(days=days))

    with as_role("worker"):
        reminders.beat()

    assert [one.purpose for one in Opening.objects.all()] == ["run:1"]
