"""connector.webhooks.receive and its view: what is taken, and what leaves no trace but a count."""

import base64
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connector.audit.models import Entry
from connector.crypto import envelope, mac
from connector.crypto.keyring import Domain
from connector.crypto.secret import Secret
from connector.jobs.models import Job
from connector.webhooks import receive, store
from connector.webhooks.models import Endpoint, Event, Tally
from tests.connector.webhooks.worlds import (
    SECRET,
    TEXT_SECRET,
    a_connection,
    an_endpoint,
    deliver,
    headers_for,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("connector.webhooks.urls")]

BILL = b'{"type": "bill.paid", "data": {"id": "b-1", "amount": 10.00}}'
GITHUB = {
    "scheme": "github",
    "id": {"header": "X-GitHub-Delivery"},
    "type": {"header": "X-GitHub-Event"},
    "types": [{"type": "*", "stream": "bills"}],
}


def content(event: Event) -> Any:
    return envelope.open_json(Domain.PAYLOAD, bytes(event.body_sealed), place=event.body_place)


def assert_refused(response: Any) -> None:
    """The one refusal there is, and nothing kept."""
    assert response.status_code == 401
    assert response.content == b""
    assert response.headers["Content-Length"] == "0"
    assert "Set-Cookie" not in response.headers and not response.cookies
    assert not Event.objects.exists()
    assert not Job.objects.exists()
    assert not Entry.objects.filter(action="webhook.received").exists()


def github_headers(body: bytes, delivery: str, secret: str = TEXT_SECRET) -> dict[str, str]:
    signed = mac.hmac_digest("sha256", secret.encode(), body).hex()
    return {
        "X-Hub-Signature-256": f"sha256={signed}",
        "X-GitHub-Delivery": delivery,
        "X-GitHub-Event": "push",
    }


class TestTaken:
    def test_an_event_is_stored_sealed_recorded_and_queued(self, client: Client) -> None:
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

    def test_five_identical_deliveries_are_one_event_and_one_job(self, client: Client) -> None:
        endpoint = an_endpoint()

        answers = [deliver(client, endpoint, BILL).status_code for _ in range(5)]

        assert answers == [200] * 5
        assert Event.objects.get().repeats == 4
        assert Job.objects.count() == 1
        assert Entry.objects.filter(action="webhook.received").count() == 1

    def test_many_events_are_one_job(self, client: Client) -> None:
        endpoint = an_endpoint()

        for number in range(3):
            deliver(client, endpoint, BILL, headers_for(BILL, event_id=f"msg_{number}"))

        assert Event.objects.count() == 3
        assert Job.objects.count() == 1

    def test_an_id_that_nobody_signed_makes_no_new_event_of_an_old_body(
        self, client: Client
    ) -> None:
        endpoint = an_endpoint(GITHUB, secret=Secret(TEXT_SECRET))

        first = deliver(client, endpoint, BILL, github_headers(BILL, "delivery-1"))
        again = deliver(client, endpoint, BILL, github_headers(BILL, "delivery-2"))

        assert (first.status_code, again.status_code) == (200, 200)
        event = Event.objects.get()
        assert (event.event_id, event.repeats) == ("delivery-1", 1)

    def test_a_signed_id_makes_a_new_event_of_the_same_body(self, client: Client) -> None:
        endpoint = an_endpoint()

        deliver(client, endpoint, BILL, headers_for(BILL, event_id="msg_1"))
        deliver(client, endpoint, BILL, headers_for(BILL, event_id="msg_2"))

        assert Event.objects.count() == 2

    def test_a_type_that_nobody_asked_for_is_kept_and_starts_nothing(self, client: Client) -> None:
        endpoint = an_endpoint()

        response = deliver(client, endpoint, b'{"type": "invoice.paid", "data": {"id": "1"}}')

        assert response.status_code == 200
        assert Event.objects.get().state == "ignored"
        assert not Job.objects.exists()

    def test_an_endpoint_takes_only_its_own_types(self, client: Client) -> None:
        endpoint = an_endpoint(events=["bill.created", "vendor.*"])

        deliver(client, endpoint, BILL)
        vendor = b'{"type": "vendor.made", "vendor": 7}'
        deliver(client, endpoint, vendor, headers_for(vendor, event_id="msg_2"))

        states = dict(Event.objects.values_list("type", "state"))
        assert states == {"bill.paid": "ignored", "vendor.made": "received"}

    def test_the_id_of_the_record_can_stand_at_another_place_for_a_type(
        self, client: Client
    ) -> None:
        endpoint = an_endpoint()

        deliver(client, endpoint, b'{"type": "vendor.made", "vendor": 7, "data": {"id": "x"}}')

        assert content(Event.objects.get())["record"] == "7"

    def test_a_deleted_record_is_told_as_such(self, client: Client) -> None:
        endpoint = an_endpoint()

        deliver(client, endpoint, b'{"type": "vendor.deleted", "data": {"id": "v-1"}}')

        assert content(Event.objects.get())["deleted"] is True

    def test_a_signed_body_that_is_no_json_is_kept_and_answered(self, client: Client) -> None:
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
    def test_an_event_without_a_record_is_unreadable_or_ignored(
        self, client: Client, body: bytes
    ) -> None:
        endpoint = an_endpoint()

        assert deliver(client, endpoint, body).status_code == 200

        assert set(Event.objects.values_list("state", flat=True)) <= {"unreadable", "ignored"}
        assert Event.objects.exists()
        assert not Job.objects.exists()

    def test_several_events_in_one_body_are_events_of_their_own(self, client: Client) -> None:
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

    def test_an_empty_list_is_taken_and_nothing_is_kept(self, client: Client) -> None:
        endpoint = an_endpoint({"events": "events", "id": "id", "handshake": "intent_to_receive"})

        assert deliver(client, endpoint, b'{"events": []}').status_code == 200

        assert not Event.objects.exists()

    def test_an_id_can_be_several_values_or_the_body_itself(self, client: Client) -> None:
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

    def test_an_event_of_another_account_is_kept_and_starts_nothing(self, client: Client) -> None:
        endpoint = an_endpoint({"account": [{"at": "account", "is": "{{ settings.account }}"}]})
        ours = b'{"account": "acc-1", "type": "bill.paid", "data": {"id": "1"}}'
        theirs = b'{"account": "acc-2", "type": "bill.paid", "data": {"id": "1"}}'

        deliver(client, endpoint, ours, headers_for(ours, event_id="ours"))
        deliver(client, endpoint, theirs, headers_for(theirs, event_id="theirs"))

        states = dict(Event.objects.values_list("event_id", "state"))
        assert states == {"ours": "received", "theirs": "ignored"}

    def test_while_a_secret_is_rotated_both_are_taken_and_later_only_the_new_one(
        self, client: Client
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

    def test_the_largest_body_is_taken(self, client: Client) -> None:
        endpoint = an_endpoint()
        start, end = b'{"type": "bill.paid", "data": {"id": "b-1"}, "more": "', b'"}'
        body = start + b"x" * (1_048_576 - len(start) - len(end)) + end

        assert deliver(client, endpoint, body).status_code == 200


class TestRefused:
    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    @pytest.mark.parametrize(
        "change",
        [
            lambda value: None,
            lambda value: "",
            lambda value: f"{value},{value}",
            lambda value: value[:-1],
            lambda value: value + "A",
            lambda value: "x" * 8000,
            lambda value: "\u00e9" + value,
        ],
        ids=["missing", "empty", "twice", "cut", "longer", "huge", "non-ascii"],
    )
    def test_a_header_that_is_not_right(self, client: Client, name: str, change: Any) -> None:
        endpoint = an_endpoint()
        headers = headers_for(BILL)
        value = change(headers.pop(name))
        if value is not None:
            headers[name] = value

        assert_refused(deliver(client, endpoint, BILL, headers))

    @pytest.mark.parametrize("seconds", [-302, 302, 10_000_000])
    def test_a_signature_that_is_too_old_or_of_the_future(
        self, client: Client, seconds: int
    ) -> None:
        endpoint = an_endpoint()
        at = timezone.now().timestamp() + seconds

        assert_refused(deliver(client, endpoint, BILL, headers_for(BILL, at=at)))

    def test_a_body_that_was_changed(self, client: Client) -> None:
        endpoint = an_endpoint()

        for body in (BILL + b" ", BILL[:-1], b"", BILL.replace(b"10.00", b"10.01")):
            assert_refused(deliver(client, endpoint, body, headers_for(BILL)))

    def test_a_secret_of_somebody_else(self, client: Client) -> None:
        endpoint = an_endpoint()

        assert_refused(deliver(client, endpoint, BILL, headers_for(BILL, key=b"x" * 32)))

    def test_a_delivery_signed_for_another_endpoint(self, client: Client) -> None:
        first = an_endpoint()
        an_endpoint(
            slug="other",
            connection=first.connection,
            secret=Secret("whsec_" + base64.b64encode(b"o" * 32).decode()),
        )

        assert_refused(deliver(client, first, BILL, headers_for(BILL, key=b"o" * 32)))

    def test_an_endpoint_without_a_secret(self, client: Client) -> None:
        endpoint = an_endpoint(secret=None)

        assert_refused(deliver(client, endpoint, BILL))
        assert_refused(deliver(client, endpoint, BILL, headers_for(BILL, key=b"")))

    def test_an_endpoint_that_is_off_archived_or_was_never_there(self, client: Client) -> None:
        endpoint = an_endpoint()
        store.switch(endpoint, on=False, actor="omar")
        assert_refused(deliver(client, endpoint, BILL))

        store.archive(endpoint, actor="omar")
        assert_refused(deliver(client, endpoint, BILL))
        for path in ("nothing", "bills-in", "a" * 500, "%00", "..", "\u00e9", "'; --"):
            assert_refused(deliver(client, path, BILL))

        reasons = {json.loads(one.facts)["reason"] for one in Entry.objects.all()
                   if one.action == "webhook.refused"}  # fmt: skip
        assert reasons == {"switched off", "unknown address"}

    def test_every_refusal_looks_the_same(self, client: Client) -> None:
        endpoint = an_endpoint()

        answers = [
            deliver(client, endpoint, BILL, {}),
            deliver(client, endpoint, BILL, headers_for(BILL, key=b"x" * 32)),
            deliver(client, "nothing", BILL),
        ]

        assert len({tuple(sorted(one.headers.items())) for one in answers}) == 1

    def test_a_refusal_is_counted_and_recorded_without_what_was_sent(self, client: Client) -> None:
        endpoint = an_endpoint()

        deliver(client, endpoint, BILL, {**headers_for(BILL), "webhook-id": "canary"})

        tally = Tally.objects.get()
        assert (tally.endpoint, tally.outcome, tally.events) == (endpoint, "wrong signature", 1)
        entry = Entry.objects.get(action="webhook.refused")
        assert json.loads(entry.facts) == {
            "endpoint": "bills-in",
            "reason": "wrong signature",
            "address": "127.0.0.1",
        }
        assert "canary" not in entry.facts + entry.subject + entry.actor

    def test_a_flood_is_counted_but_not_written_down_for_ever(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(receive, "RECORDED_AN_HOUR", 3)

        for _ in range(8):
            deliver(client, "nothing", BILL)

        assert Tally.objects.get().events == 8
        assert Entry.objects.filter(action="webhook.refused").count() == 3


class TestTheEdge:
    def test_only_post_is_taken(self, client: Client) -> None:
        url = reverse("hook", args=[an_endpoint().path])

        for method in ("get", "put", "patch", "delete", "head", "options"):
            response = getattr(client, method)(url)
            assert (response.status_code, response.content) == (405, b"")
            assert response.headers["Allow"] == "POST"

    def test_a_body_over_one_mebibyte_is_refused_before_anything(self, client: Client) -> None:
        endpoint = an_endpoint()

        response = deliver(client, endpoint, b"x" * (1_048_576 + 1))

        assert (response.status_code, response.content) == (413, b"")
        assert not Event.objects.exists()
        assert Tally.objects.get().outcome == "too large"

    def test_a_csrf_check_stands_in_nobodys_way(self) -> None:
        endpoint = an_endpoint()

        assert deliver(Client(enforce_csrf_checks=True), endpoint, BILL).status_code == 200

    def test_without_the_database_the_sender_is_asked_to_come_back(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        endpoint = an_endpoint()

        def away(*args: object, **more: object) -> None:
            raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(receive.queue, "enqueue", away)
        response = deliver(client, endpoint, BILL)

        assert (response.status_code, response.content) == (503, b"")
        assert response.headers["Retry-After"] == "30"
        assert not Event.objects.exists()
        assert not Entry.objects.filter(action="webhook.received").exists()

    def test_a_secret_that_does_not_open_asks_to_come_back_and_says_so_in_the_log(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        endpoint = an_endpoint()
        other = an_endpoint(slug="other", connection=endpoint.connection)
        Endpoint.objects.filter(pk=other.pk).update(secret_sealed=endpoint.secret_sealed)

        response = deliver(client, other, BILL)

        assert response.status_code == 503
        assert "does not open" in caplog.text
        assert SECRET not in caplog.text

    def test_the_sender_behind_the_proxys_socket_is_what_the_proxy_wrote_last(self) -> None:
        client = Client(REMOTE_ADDR="", HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.80")

        deliver(client, "nothing", BILL)

        entry = Entry.objects.get(action="webhook.refused")
        assert json.loads(entry.facts)["address"] == "203.0.113.80"


class TestHandshakes:
    def test_a_signed_challenge_is_given_back_and_an_unsigned_one_is_not(
        self, client: Client
    ) -> None:
        endpoint = an_endpoint({"handshake": "echo_challenge"})
        body = b'{"type": "url_verification", "challenge": "3eZbrw1aB10"}'

        refused = deliver(client, endpoint, body, {})
        given = deliver(client, endpoint, body)

        assert_refused(refused)
        assert (given.status_code, given.content) == (200, b"3eZbrw1aB10")
        assert given.headers["X-Content-Type-Options"] == "nosniff"
        assert given.headers["Content-Type"].startswith("text/plain")
        assert not Event.objects.exists()

    def test_a_token_in_the_address_is_given_back_only_where_the_system_asks_for_it(
        self, client: Client
    ) -> None:
        microsoft = an_endpoint({"handshake": "validation_token"})
        dropbox = an_endpoint(
            slug="other", connection=a_connection({"handshake": "echo_query"}, "box_ltd")
        )
        plain = an_endpoint(slug="plain", connection=a_connection(name="plain_ltd"))

        def url(endpoint: Endpoint) -> str:
            return reverse("hook", args=[endpoint.path])

        assert client.post(url(microsoft) + "?validationToken=abc").content == b"abc"
        assert client.get(url(dropbox) + "?challenge=abc").content == b"abc"
        assert client.get(url(microsoft) + "?validationToken=abc").status_code == 405
        assert client.post(url(dropbox) + "?challenge=abc").status_code == 401
        assert client.get(url(plain) + "?challenge=abc").status_code == 405
        assert client.get(url(dropbox) + "?challenge=a%0d%0ab").status_code == 405
        assert client.get(url(dropbox) + "?challenge=" + "a" * 2001).status_code == 405


class TestUnsigned:
    SPEC = {
        "scheme": "path_secret",
        "secret": "generated",
        "events": "value",
        "id": "id",
        "account": [{"at": "clientState", "is_secret": True}],
    }

    def body(self, *states: object) -> bytes:
        return json.dumps(
            {
                "value": [
                    {"id": f"e{n}", "type": "bill.x", "data": {"id": n}, "clientState": state}
                    for n, state in enumerate(states)
                ]
            }
        ).encode()

    def test_every_event_must_carry_the_secret(self, client: Client) -> None:
        endpoint = an_endpoint(self.SPEC, secret=Secret(TEXT_SECRET))

        for states in (["wrong"], [TEXT_SECRET, "wrong"], [None], [""], [TEXT_SECRET + "x"], []):
            assert_refused(deliver(client, endpoint, self.body(*states), {}))
        assert_refused(deliver(client, endpoint, b"not json", {}))
        taken = deliver(client, endpoint, self.body(TEXT_SECRET, TEXT_SECRET), {})

        assert taken.status_code == 200
        assert Event.objects.filter(state="received").count() == 2

    def test_without_a_secret_nothing_is_taken(self, client: Client) -> None:
        endpoint = an_endpoint(self.SPEC, secret=None)

        assert_refused(deliver(client, endpoint, self.body(""), {}))
        assert_refused(deliver(client, endpoint, self.body(None), {}))


@pytest.mark.django_db(transaction=True)
def test_twenty_identical_deliveries_at_once_are_one_event() -> None:
    endpoint = an_endpoint()
    headers = headers_for(BILL)
    start = threading.Barrier(20)
    answers: list[int] = []

    def send() -> None:
        client = Client()
        start.wait()
        try:
            answers.append(deliver(client, endpoint, BILL, headers).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert answers == [200] * 20
    assert Event.objects.get().repeats == 19
    assert Job.objects.count() == 1
    assert Entry.objects.filter(action="webhook.received").count() == 1
