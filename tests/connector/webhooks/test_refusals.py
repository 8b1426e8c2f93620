"""connector.webhooks.receive: what is refused looks the same and leaves no trace but a count."""

import base64
import json
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connector.audit.models import Entry
from connector.crypto import mac
from connector.crypto.secret import Secret
from connector.webhooks import receive, store
from connector.webhooks.models import Endpoint, Event, Tally
from tests.connector.webhooks.worlds import (
    BILL,
    TEXT_SECRET,
    an_endpoint,
    assert_refused,
    deliver,
    headers_for,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("connector.webhooks.urls")]


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
def test_a_header_that_is_not_right(client: Client, name: str, change: Any) -> None:
    endpoint = an_endpoint()
    headers = headers_for(BILL)
    value = change(headers.pop(name))
    if value is not None:
        headers[name] = value

    assert_refused(deliver(client, endpoint, BILL, headers))


@pytest.mark.parametrize("seconds", [-302, 302, 10_000_000])
def test_a_signature_that_is_too_old_or_of_the_future(client: Client, seconds: int) -> None:
    endpoint = an_endpoint()
    at = timezone.now().timestamp() + seconds

    assert_refused(deliver(client, endpoint, BILL, headers_for(BILL, at=at)))


def test_a_body_that_was_changed(client: Client) -> None:
    endpoint = an_endpoint()

    for body in (BILL + b" ", BILL[:-1], b"", BILL.replace(b"10.00", b"10.01")):
        assert_refused(deliver(client, endpoint, body, headers_for(BILL)))


def test_a_secret_of_somebody_else(client: Client) -> None:
    endpoint = an_endpoint()

    assert_refused(deliver(client, endpoint, BILL, headers_for(BILL, key=b"x" * 32)))


def test_a_delivery_signed_for_another_endpoint(client: Client) -> None:
    first = an_endpoint()
    an_endpoint(
        slug="other",
        connection=first.connection,
        secret=Secret("whsec_" + base64.b64encode(b"o" * 32).decode()),
    )

    assert_refused(deliver(client, first, BILL, headers_for(BILL, key=b"o" * 32)))


def test_an_endpoint_without_a_secret(client: Client) -> None:
    endpoint = an_endpoint(secret=None)

    assert_refused(deliver(client, endpoint, BILL))
    assert_refused(deliver(client, endpoint, BILL, headers_for(BILL, key=b"")))


def test_an_endpoint_that_is_off_archived_or_was_never_there(client: Client) -> None:
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


def test_every_refusal_looks_the_same(client: Client) -> None:
    endpoint = an_endpoint()

    answers = [
        deliver(client, endpoint, BILL, {}),
        deliver(client, endpoint, BILL, headers_for(BILL, key=b"x" * 32)),
        deliver(client, "nothing", BILL),
    ]

    assert len({tuple(sorted(one.headers.items())) for one in answers}) == 1


def test_every_delivery_is_hashed_and_compared_as_often_as_any_other(client: Client) -> None:
    endpoint = an_endpoint()
    wrong = headers_for(BILL, key=b"x" * 32)
    done = []

    def seen(target: Endpoint | str, headers: dict[str, str]) -> None:
        with (
            mock.patch.object(mac, "hmac_digest", wraps=mac.hmac_digest) as hashed,
            mock.patch.object(mac, "equal", wraps=mac.equal) as compared,
        ):
            deliver(client, target, BILL, headers)
        sizes = [len(call.args[2]) for call in hashed.call_args_list]
        done.append((sizes, compared.call_count))

    seen(endpoint, headers_for(BILL))
    seen(endpoint, wrong)
    seen(endpoint, headers_for(BILL, at=0))
    seen("nothing", wrong)
    store.rotate_secret(endpoint, Secret("whsec_" + "bmV3" * 8), actor="omar")
    seen(endpoint, wrong)
    store.switch(endpoint, on=False, actor="omar")
    seen(endpoint, wrong)
    seen(an_endpoint(slug="other", connection=endpoint.connection, secret=None), wrong)

    # a time of 1970 is nine digits shorter; of everything else the same bytes are hashed
    sizes = [[size + 9 for size in one] if n == 2 else one for n, (one, _) in enumerate(done)]
    assert sizes == [[sizes[0][0]] * 2] * len(done)
    assert {compared for _, compared in done} == {2}


def test_a_refusal_is_counted_and_recorded_without_what_was_sent(client: Client) -> None:
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


def test_a_refusal_writes_no_line_to_the_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = an_endpoint()

    deliver(client, endpoint, BILL, {})
    client.get(reverse("hook", args=[endpoint.path]))

    assert endpoint.path not in caplog.text
    assert not caplog.records


def test_a_flood_is_counted_but_not_written_down_for_ever(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "RECORDED_AN_HOUR", 3)

    for _ in range(8):
        deliver(client, "nothing", BILL)

    assert Tally.objects.get().events == 8
    assert Entry.objects.filter(action="webhook.refused").count() == 3


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

    def test_as_much_is_compared_with_a_secret_as_without(self, client: Client) -> None:
        endpoint = an_endpoint(self.SPEC, secret=None)
        counts = set()
        for secret in (None, Secret(TEXT_SECRET), Secret("another secret of text")):
            if secret:
                store.rotate_secret(endpoint, secret, actor="omar")
            with mock.patch.object(mac, "equal", wraps=mac.equal) as compared:
                deliver(client, endpoint, self.body("wrong", ""), {})
            counts.add(compared.call_count)

        assert counts == {4}

    def test_without_a_secret_nothing_is_taken(self, client: Client) -> None:
        endpoint = an_endpoint(self.SPEC, secret=None)

        assert_refused(deliver(client, endpoint, self.body(""), {}))
        assert_refused(deliver(client, endpoint, self.body(None), {}))
