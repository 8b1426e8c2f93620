"""connector.webhooks.receive: what is taken, stored once, and told to the worker once."""

import base64
import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from connector.audit.models import Entry
from connector.crypto import mac
from connector.crypto.secret import Secret
from connector.jobs.models import Job
from connector.webhooks import store
from connector.webhooks.models import Endpoint, Event
from tests.connector.webhooks.worlds import (
    BILL,
    TEXT_SECRET,
    a_connection,
    an_endpoint,
    content,
    deliver,
    headers_for,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("connector.webhooks.urls")]

GITHUB = {
    "scheme": "github",
    "id": {"header": "X-GitHub-Delivery"},
    "type": {"header": "X-GitHub-Event"},
    "types": [{"type": "*", "stream": "bills"}],
}


def github_headers(body: bytes, delivery: str, secret: str = TEXT_SECRET) -> dict[str, str]:
    signed = mac.hmac_digest("sha256", secret.encode(), body).hex()
    return {
        "X-Hub-Signature-256": f"sha256={signed}",
        "X-GitHub-Delivery": delivery,
        "X-GitHub-Event": "push",
    }


def test_an_event_is_stored_sealed_recorded_and_queued(client: Client) -> None:
    endpoint = an_endpoint()

    response = deliver(client, endpoint, BILL)

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Length"] == "0"
    assert not response.cookies
    event = Event.objects.get()
    assert (event.event_id, event.type, event.state) == ("msg_1", "bill.paid", "received")
    assert b"b-1" not in bytes(event.body_sealed)
    assert content(event)["record"] == "b-1" and content(event)["stream"] == "bills"
    entry = Entry.objects.get(action="webhook.received")
    assert json.loads(entry.facts) == {
        "endpoint": "bills-in",
        "event": "msg_1",
        "type": "bill.paid",
    }
    job = Job.objects.get()
    assert (job.kind, job.args) == ("webhooks.process", {"endpoint": str(endpoint.pk)})
    assert job.dedupe_key == f"webhooks.process:{endpoint.pk}"


def test_five_identical_deliveries_are_one_event_and_one_job(client: Client) -> None:
    endpoint = an_endpoint()

    answers = [deliver(client, endpoint, BILL).status_code for _ in range(5)]

    assert answers == [200] * 5
    assert Event.objects.get().repeats == 4
    assert Job.objects.count() == 1
    assert Entry.objects.filter(action="webhook.received").count() == 1


def test_many_events_are_one_job(client: Client) -> None:
    endpoint = an_endpoint()

    for number in range(3):
        deliver(client, endpoint, BILL, headers_for(BILL, event_id=f"msg_{number}"))

    assert Event.objects.count() == 3
    assert Job.objects.count() == 1


def test_an_id_that_nobody_signed_makes_no_new_event_of_an_old_body(client: Client) -> None:
    endpoint = an_endpoint(GITHUB, secret=Secret(TEXT_SECRET))

    first = deliver(client, endpoint, BILL, github_headers(BILL, "delivery-1"))
    again = deliver(client, endpoint, BILL, github_headers(BILL, "delivery-2"))

    assert (first.status_code, again.status_code) == (200, 200)
    event = Event.objects.get()
    assert (event.event_id, event.repeats) == ("delivery-1", 1)


def test_a_signed_id_makes_a_new_event_of_the_same_body(client: Client) -> None:
    endpoint = an_endpoint()

    deliver(client, endpoint, BILL, headers_for(BILL, event_id="msg_1"))
    deliver(client, endpoint, BILL, headers_for(BILL, event_id="msg_2"))

    assert Event.objects.count() == 2


def test_a_type_that_nobody_asked_for_is_kept_and_starts_nothing(client: Client) -> None:
    endpoint = an_endpoint()

    response = deliver(client, endpoint, b'{"type": "invoice.paid", "data": {"id": "1"}}')

    assert response.status_code == 200
    assert Event.objects.get().state == "ignored"
    assert not Job.objects.exists()


def test_an_endpoint_takes_only_its_own_types(client: Client) -> None:
    endpoint = an_endpoint(events=["bill.created", "vendor.*"])

    deliver(client, endpoint, BILL)
    vendor = b'{"type": "vendor.made", "vendor": 7}'
    deliver(client, endpoint, vendor, headers_for(vendor, event_id="msg_2"))

    states = dict(Event.objects.values_list("type", "state"))
    assert states == {"bill.paid": "ignored", "vendor.made": "received"}


def test_the_id_of_the_record_can_stand_at_another_place_for_a_type(client: Client) -> None:
    endpoint = an_endpoint()

    deliver(client, endpoint, b'{"type": "vendor.made", "vendor": 7, "data": {"id": "x"}}')

    assert content(Event.objects.get())["record"] == "7"


def test_a_deleted_record_is_told_as_such(client: Client) -> None:
    endpoint = an_endpoint()

    deliver(client, endpoint, b'{"type": "vendor.deleted", "data": {"id": "v-1"}}')

    assert content(Event.objects.get())["deleted"] is True


def test_a_signed_body_that_is_no_json_is_kept_and_answered(client: Client) -> None:
    endpoint = an_endpoint()

    response = deliver(client, endpoint, b"\xff not json")

    assert response.status_code == 200
    event = Event.objects.get()
    assert event.state == "unreadable"
    assert content(event) == {"text": "\\xff not json"}
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b'{"type": "bill.paid"}',
        b'{"type": "bill.paid", "data": {"id": null}}',
        b'{"type": "bill.paid", "data": {"id": 1.5}}',
        b'{"type": "bill.paid", "data": {"id": "a\\u0000b"}}',
        b'{"type": "bill.paid", "data": {"id": true}}',
        b"[1, 2]",
        b'"text"',
        b"17",
    ],
)
def test_an_event_without_a_record_is_unreadable_or_ignored(client: Client, body: bytes) -> None:
    endpoint = an_endpoint()

    assert deliver(client, endpoint, body).status_code == 200

    assert set(Event.objects.values_list("state", flat=True)) <= {"unreadable", "ignored"}
    assert Event.objects.exists()
    assert not Job.objects.exists()


def test_several_events_in_one_body_are_events_of_their_own(client: Client) -> None:
    endpoint = an_endpoint({"events": "events", "id": "id"})
    body = json.dumps(
        {
            "events": [
                {"id": "e1", "type": "bill.paid", "data": {"id": "b-1"}},
                {"id": "e2", "type": "bill.paid", "data": {"id": "b-2"}},
                {"id": "e1", "type": "bill.paid", "data": {"id": "b-1"}},
                {"id": "e3", "type": "other", "data": {"id": "b-3"}},
            ]
        }
    ).encode()

    deliver(client, endpoint, body)

    assert dict(Event.objects.values_list("event_id", "state")) == {
        "e1": "received",
        "e2": "received",
        "e3": "ignored",
    }
    assert Entry.objects.filter(action="webhook.received").count() == 3


def test_an_empty_list_is_taken_and_nothing_is_kept(client: Client) -> None:
    endpoint = an_endpoint({"events": "events", "id": "id", "handshake": "intent_to_receive"})

    assert deliver(client, endpoint, b'{"events": []}').status_code == 200

    assert not Event.objects.exists()


def test_an_id_can_be_several_values_or_the_body_itself(client: Client) -> None:
    joined = an_endpoint({"id": [["type"], ["data", "id"]]})
    digest = an_endpoint(
        slug="digests", connection=a_connection({"id": "body_digest"}, "digest_ltd")
    )

    deliver(client, joined, BILL)
    deliver(client, digest, BILL)
    deliver(client, digest, BILL, headers_for(BILL, event_id="msg_2"))

    assert Event.objects.get(endpoint=joined).event_id == "bill.paid:b-1"
    event = Event.objects.get(endpoint=digest)
    assert (len(event.event_id), event.repeats) == (64, 1)


def test_an_event_of_another_account_is_kept_and_starts_nothing(client: Client) -> None:
    endpoint = an_endpoint({"account": [{"at": "account", "is": "{{ settings.account }}"}]})
    ours = b'{"account": "acc-1", "type": "bill.paid", "data": {"id": "1"}}'
    theirs = b'{"account": "acc-2", "type": "bill.paid", "data": {"id": "1"}}'

    deliver(client, endpoint, ours, headers_for(ours, event_id="ours"))
    deliver(client, endpoint, theirs, headers_for(theirs, event_id="theirs"))

    states = dict(Event.objects.values_list("event_id", "state"))
    assert states == {"ours": "received", "theirs": "ignored"}


def test_while_a_secret_is_rotated_both_are_taken_and_later_only_the_new_one(
    client: Client,
) -> None:
    endpoint = an_endpoint()
    new_key = b"another key of some thirty bytes"
    new = "whsec_" + base64.b64encode(new_key).decode()
    store.rotate_secret(endpoint, Secret(new), actor="omar", overlap=timedelta(hours=1))

    old_one = deliver(client, endpoint, BILL)
    new_one = deliver(client, endpoint, BILL, headers_for(BILL, key=new_key))
    Endpoint.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    too_late = deliver(client, endpoint, BILL)

    answers = (old_one.status_code, new_one.status_code, too_late.status_code)
    assert answers == (200, 200, 401)


def test_the_largest_body_is_taken(client: Client) -> None:
    endpoint = an_endpoint()
    start, end = b'{"type": "bill.paid", "data": {"id": "b-1"}, "more": "', b'"}'
    body = start + b"x" * (1_048_576 - len(start) - len(end)) + end

    assert deliver(client, endpoint, body).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scheme", ["standard", "github"])
def test_twenty_deliveries_of_the_same_at_once_are_one_event(scheme: str) -> None:
    if scheme == "github":
        endpoint = an_endpoint(GITHUB, secret=Secret(TEXT_SECRET))
        sent = [github_headers(BILL, f"delivery-{number}") for number in range(20)]
    else:
        endpoint = an_endpoint()
        sent = [headers_for(BILL)] * 20
    start = threading.Barrier(20)
    answers: list[int] = []

    def send(headers: dict[str, str]) -> None:
        client = Client()
        start.wait()
        try:
            answers.append(deliver(client, endpoint, BILL, headers).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=[headers]) for headers in sent]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert answers == [200] * 20
    assert Event.objects.get().repeats == 19
    assert Job.objects.count() == 1
    assert Entry.objects.filter(action="webhook.received").count() == 1
