"""Each process does its part with its own database role and its own keys, and no more."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import ProgrammingError, transaction
from django.test import Client, override_settings

from connector.crypto import keyring
from connector.crypto.secret import Secret
from connector.flows.models import Run
from connector.jobs.running import RunningJob
from connector.webhooks import store, tasks
from connector.webhooks.models import Endpoint, Event, Tally
from connector.webhooks.replay import replay
from tests.conftest import as_role
from tests.connector.webhooks.worlds import (
    BILL,
    SECRET,
    a_connection,
    a_flow,
    an_endpoint,
    deliver,
    headers_for,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls("connector.webhooks.urls")]


@contextmanager
def as_process(name: str) -> Iterator[None]:
    with as_role(name), override_settings(CONNECTOR_KEYRING=f"tests.keyrings.{name}"):
        keyring.reset()
        try:
            yield
        finally:
            keyring.reset()


def test_web_makes_endpoints_and_takes_deliveries_and_the_worker_processes_them(
    client: Client,
) -> None:
    connection = a_connection()
    with as_process("web"):
        endpoint = an_endpoint(connection=connection)
        store.rotate_secret(endpoint, Secret(SECRET), actor="mara")
        assert deliver(client, endpoint, BILL).status_code == 200
        assert deliver(client, endpoint, BILL).status_code == 200
        assert deliver(client, endpoint, BILL, {}).status_code == 401
    a_flow(endpoint)

    with as_process("worker"):
        tasks.process({"endpoint": str(endpoint.pk)}, RunningJob(1))

    assert Run.objects.count() == 1
    assert Event.objects.get().state == "processed"
    assert Tally.objects.get().events == 1
    Run.objects.update(state="finished")
    with as_process("web"):
        replay(Event.objects.get(), actor="mara")


def test_the_worker_asks_itself_to_look_again(client: Client) -> None:
    endpoint = an_endpoint()
    a_flow(endpoint)
    deliver(client, endpoint, BILL)
    tasks.process({"endpoint": str(endpoint.pk)}, RunningJob(1))
    deliver(client, endpoint, BILL, headers_for(BILL, event_id="msg_2"))

    with as_process("worker"):
        tasks.process({"endpoint": str(endpoint.pk)}, RunningJob(2))

    assert Event.objects.filter(state="received").count() == 1


def test_the_worker_changes_no_endpoint_and_nobody_deletes_an_event(client: Client) -> None:
    endpoint = an_endpoint()
    deliver(client, endpoint, BILL)

    with as_role("worker"), pytest.raises(ProgrammingError), transaction.atomic():
        Endpoint.objects.update(enabled=False)
    for role in ("web", "worker"):
        with as_role(role), pytest.raises(ProgrammingError), transaction.atomic():
            Event.objects.all()._raw_delete("default")

    assert Endpoint.objects.get().enabled
    assert Event.objects.count() == 1
