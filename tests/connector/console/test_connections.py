"""Adding, testing, rotating and changing a connection in the console"""

import pytest
from django.test import Client
from django.urls import reverse

from connector.audit.models import Entry
from connector.flows.models import (
    Connection,
)
from connector.jobs.models import Job
from tests.connector.console.box import actions, state

pytestmark = pytest.mark.django_db

NEW = {
    "title": "Books of Berlin",
    "slug": "berlin",
    "setting-host": "berlin.example.com",
    "setting-company": "2",
    "secret-user": "robot",
    "secret-key": "sk-live-typed-just-now",
}


def test_a_connection_is_added_sealed_and_its_test_is_asked_for(owner: Client) -> None:
    answer = owner.post(reverse("connection-add", args=["ledger_books"]), NEW)

    row = Connection.objects.get(slug="berlin")
    assert answer["Location"] == reverse("connection", args=["berlin"])
    assert row.credential is not None and row.hosts == ["berlin.example.com"]
    assert NEW["secret-key"].encode() not in bytes(row.credential.versions.get().sealed)
    assert actions()[-3:] == [
        "credential.created",
        "connection.created",
        "connection.test_asked",
    ]
    assert Job.objects.get(kind="flows.test").args == {"connection": str(row.pk)}
    assert "sk-live" not in "".join(Entry.objects.values_list("facts", flat=True))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"setting-host": "evil.example.org"}, "has not the right form"),
        ({"setting-host": ""}, "required"),
        ({"secret-key": ""}, "required"),
        ({"slug": "books"}, "There is a connection books already"),
        ({"slug": "Not a slug!"}, "valid"),
        ({"title": ""}, "required"),
        ({"setting-company": "two"}, "whole number"),
        ({"secret-key": "with\x01control"}, ""),
    ],
)
def test_a_connection_that_does_not_fit_is_refused_and_its_secret_does_not_come_back(
    wrong: dict[str, str], words: str, owner: Client
) -> None:
    before = state()

    answer = owner.post(reverse("connection-add", args=["ledger_books"]), {**NEW, **wrong})

    text = answer.content.decode()
    assert answer.status_code == 200
    assert words in text
    assert "sk-live-typed-just-now" not in text
    assert state() == before


def test_a_rotation_makes_a_new_version_and_shows_no_secret(owner: Client) -> None:
    answer = owner.post(
        reverse("connection-rotate", args=["books"]),
        {"secret-user": "robot", "secret-key": "sk-live-brand-new"},
        follow=True,
    )

    row = Connection.objects.get(slug="books")
    assert row.credential is not None
    assert row.credential.versions.filter(state="pending").get().number == 2
    assert row.credential.versions.filter(state="current").get().number == 1
    assert "sk-live-brand-new" not in answer.content.decode()
    assert actions()[-3:] == [
        "credential.entered",
        "connection.changed",
        "connection.test_asked",
    ]


def test_a_rotation_without_all_secrets_changes_nothing(owner: Client) -> None:
    before = state()

    answer = owner.post(
        reverse("connection-rotate", args=["books"]), {"secret-key": "sk-live-half"}
    )

    assert answer.status_code == 200
    assert "sk-live-half" not in answer.content.decode()
    assert state() == before


def test_another_host_without_the_credential_is_refused(owner: Client) -> None:
    before = state()

    answer = owner.post(
        reverse("connection-change", args=["books"]),
        {"setting-host": "elsewhere.example.com", "setting-company": "1"},
    )

    assert "Enter the credential again" in answer.content.decode()
    assert state() == before
    assert Connection.objects.get(slug="books").hosts == ["books.example.com"]


def test_another_host_with_the_credential_is_saved(owner: Client) -> None:
    owner.post(
        reverse("connection-change", args=["books"]),
        {
            "setting-host": "elsewhere.example.com",
            "setting-company": "1",
            "secret-user": "robot",
            "secret-key": "sk-live-again",
        },
    )

    assert Connection.objects.get(slug="books").hosts == ["elsewhere.example.com"]
    assert "credential.replaced" in actions()


def test_a_test_is_polled_until_the_worker_has_answered(owner: Client) -> None:
    address = reverse("connection-health", args=["books"])
    assert owner.get(address).status_code == 286

    owner.post(reverse("connection-test", args=["books"]))

    answer = owner.get(address)
    assert answer.status_code == 200
    assert 'hx-trigger="every 2s"' in answer.content.decode()
    assert "asked, the worker is on it" in answer.content.decode()
