"""Value maps, webhooks and the theme in the console"""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from connector.flows.compiled import entries_of
from connector.flows.models import (
    ValueMap,
)
from connector.jobs.models import Job
from connector.webhooks.models import Endpoint, Event
from tests.connector.console.box import actions, state

pytestmark = pytest.mark.django_db


def test_a_table_is_shown_as_differences_first_and_saved_when_confirmed(owner: Client) -> None:
    address = reverse("map-csv", args=["gl-accounts"])
    table = "account,value\n6400,acc-001\n6405,acc-014\n"

    shown = owner.post(address, {"file": SimpleUploadedFile("t.csv", table.encode())})
    row = ValueMap.objects.get()
    assert b"What this table changes" in shown.content
    assert shown.context["lost_zeros"]
    assert row.current is not None and row.current.number == 1

    owner.post(address, {"text": table, "confirmed": "yes"})
    row.refresh_from_db()
    assert dict(entries_of(row.current)) == {("6400",): "acc-001", ("6405",): "acc-014"}


@pytest.mark.parametrize(
    "table", ["", "a,b\n1,2\n", "account,value\n1,2\n1,3\n", "account,value\n1\n"]
)
def test_a_table_that_does_not_fit_is_refused_whole(table: str, owner: Client) -> None:
    before = state()

    answer = owner.post(
        reverse("map-csv", args=["gl-accounts"]), {"text": table, "confirmed": "yes"}
    )

    assert answer.status_code == 422
    assert b"Nothing was saved" in answer.content
    assert state() == before


def test_a_file_that_is_not_utf_8_is_refused(owner: Client) -> None:
    file = SimpleUploadedFile("t.csv", "account,value\n1,Köln\n".encode("latin-1"))

    answer = owner.post(reverse("map-csv", args=["gl-accounts"]), {"file": file})

    assert b"not UTF-8" in answer.content


def test_the_csv_that_is_given_out_is_taken_back_unchanged(owner: Client) -> None:
    text = owner.get(reverse("map-download", args=["gl-accounts"])).content.decode()

    answer = owner.post(reverse("map-csv", args=["gl-accounts"]), {"text": text})

    assert "0500,acc-002" in text
    assert b"This table changes nothing" in answer.content


def test_one_entry_is_added_and_removed(owner: Client) -> None:
    address = reverse("map-entry", args=["gl-accounts"])

    owner.post(address, {"key": "7000", "value": "acc-7"})
    owner.post(address, {"key": "6400", "remove": "yes"})
    owner.post(address, {"key": "", "value": "nothing"})

    row = ValueMap.objects.get()
    assert row.current is not None
    assert dict(entries_of(row.current)) == {("0500",): "acc-002", ("7000",): "acc-7"}


# --- webhooks -------------------------------------------------------------------------------


def test_a_new_webhook_secret_is_sealed_recorded_and_not_shown(owner: Client) -> None:
    before = bytes(Endpoint.objects.get().secret_sealed)

    answer = owner.post(
        reverse("webhook-rotate", args=["books-events"]),
        {"secret": "whsec_typed-just-now", "days": "2"},
        follow=True,
    )

    row = Endpoint.objects.get()
    assert bytes(row.secret_sealed) != before and row.previous_sealed
    assert b"typed-just-now" not in answer.content + bytes(row.secret_sealed)
    assert actions()[-1] == "endpoint.secret_rotated"


@pytest.mark.parametrize(
    "wrong", [{"secret": ""}, {"secret": "short"}, {"days": "91"}, {"days": "-1"}, {"days": "x"}]
)
def test_a_webhook_secret_that_does_not_fit_changes_nothing(
    wrong: dict[str, str], owner: Client
) -> None:
    before = (state(), bytes(Endpoint.objects.get().secret_sealed))

    answer = owner.post(
        reverse("webhook-rotate", args=["books-events"]),
        {"secret": "whsec_typed-just-now", "days": "2", **wrong},
    )

    assert answer.status_code == 422
    assert b"typed-just-now" not in answer.content
    assert (state(), bytes(Endpoint.objects.get().secret_sealed)) == before


def test_an_endpoint_is_switched_off_and_on(owner: Client) -> None:
    address = reverse("webhook-switch", args=["books-events"])

    owner.post(address, {"to": "off"})
    assert not Endpoint.objects.get().enabled

    owner.post(address, {"to": "on"})
    assert Endpoint.objects.get().enabled
    assert actions().count("endpoint.changed") == 2


def test_an_event_is_replayed_once_and_not_while_it_waits(owner: Client) -> None:
    event = Event.objects.get()
    address = reverse("event-replay", args=["books-events", event.pk])

    owner.post(address)
    again = owner.post(address, follow=True)

    assert b"Only an event that was processed" in again.content
    assert Event.objects.get().state == Event.State.RECEIVED
    assert actions().count("webhook.replayed") == 1
    assert Job.objects.filter(kind="webhooks.process").count() == 1


# --- theme ----------------------------------------------------------------------------------


def test_the_theme_goes_round_and_leads_back_to_the_page_but_never_elsewhere(
    owner: Client,
) -> None:
    first = owner.post(reverse("theme"), {"next": "/flows/"})
    second = owner.post(reverse("theme"), {"next": "https://evil.example/"})

    assert (first["Location"], second["Location"]) == ("/flows/", "/")
    assert owner.cookies["theme"].value == "dark"
    assert 'data-theme="dark"' in owner.get("/").content.decode()
