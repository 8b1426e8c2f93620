"""connector.webhooks.process: events become runs, once."""

import json
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from connector.audit.models import Entry
from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows.models import Run
from connector.jobs.models import Job
from connector.jobs.running import RunningJob
from connector.webhooks import process, tasks
from connector.webhooks.models import Endpoint, Event
from tests.connector.webhooks.worlds import a_connection, a_flow, an_endpoint, deliver, headers_for

pytestmark = [pytest.mark.django_db, pytest.mark.urls("connector.webhooks.urls")]


def send(client: Client, endpoint: Endpoint, *records: object, kind: str = "bill.paid") -> None:
    for record in records:
        body = json.dumps({"type": kind, "data": {"id": record}, "vendor": record}).encode()
        headers = headers_for(body, event_id=f"msg_{Event.objects.count()}")
        assert deliver(client, endpoint, body, headers).status_code == 200


def work(endpoint: Endpoint, job: RunningJob | None = None) -> None:
    """What the worker does with the job: take it, run it."""
    Job.objects.filter(kind="webhooks.process").delete()
    tasks.process({"endpoint": str(endpoint.pk)}, job or RunningJob(1))


def records_of(run: Run) -> Any:
    return envelope.open_json(Domain.PAYLOAD, bytes(run.input_sealed), place=run.input_place)


def outcomes() -> list[dict[str, Any]]:
    entries = Entry.objects.filter(action="webhook.processed")
    return [json.loads(one.facts) for one in entries]


def test_events_start_one_run_over_the_records_that_they_name(client: Client) -> None:
    endpoint = an_endpoint()
    flow = a_flow(endpoint)
    send(client, endpoint, "b-1", "b-2", "b-1")

    work(endpoint)

    run = Run.objects.get()
    assert (run.flow, run.kind, run.cause) == (flow, "records", "webhook")
    assert run.actor == "webhook:bills-in"
    assert records_of(run) == {"records": ["b-1", "b-2"]}
    assert set(Event.objects.values_list("state", "run")) == {("processed", run.pk)}
    assert [(one["outcome"], one["run"]) for one in outcomes()] == [
        ("run started", str(run.pk))
    ] * 3  # fmt: skip


def test_processing_again_does_nothing(client: Client) -> None:
    endpoint = an_endpoint()
    a_flow(endpoint)
    send(client, endpoint, "b-1")

    work(endpoint)
    work(endpoint)

    assert Run.objects.count() == 1
    assert len(outcomes()) == 1


def test_five_identical_deliveries_are_processed_once(client: Client) -> None:
    endpoint = an_endpoint()
    a_flow(endpoint)
    body = b'{"type": "bill.paid", "data": {"id": "b-1"}}'
    for _ in range(5):
        deliver(client, endpoint, body)
        work(endpoint)

    assert Run.objects.count() == 1
    assert len(outcomes()) == 1


def test_each_flow_gets_the_records_of_its_own_stream(client: Client) -> None:
    endpoint = an_endpoint()
    a_flow(endpoint)
    a_flow(endpoint, slug="bills-too")
    a_flow(endpoint, slug="vendors-over", stream="vendors")
    send(client, endpoint, "b-1")
    send(client, endpoint, "v-1", kind="vendor.made")

    work(endpoint)

    started = {run.flow.slug: records_of(run)["records"] for run in Run.objects.all()}
    assert started == {"bills-over": ["b-1"], "bills-too": ["b-1"], "vendors-over": ["v-1"]}


def test_while_a_run_is_going_on_events_wait_and_are_looked_at_again(client: Client) -> None:
    endpoint = an_endpoint()
    a_flow(endpoint)
    send(client, endpoint, "b-1")
    work(endpoint)
    send(client, endpoint, "b-2", "b-3")

    work(endpoint)

    assert Run.objects.count() == 1
    assert Event.objects.filter(state="received").count() == 2
    job = Job.objects.get(kind="webhooks.process")
    assert (job.not_before - job.created_at).total_seconds() == pytest.approx(1, abs=0.1)
    assert job.dedupe_key == f"webhooks.process:{endpoint.pk}"

    Run.objects.update(state="finished")
    work(endpoint)

    assert records_of(Run.objects.latest("created_at")) == {"records": ["b-2", "b-3"]}
    assert not Event.objects.filter(state="received").exists()


def test_if_one_of_two_flows_is_busy_neither_is_started_twice(client: Client) -> None:
    endpoint = an_endpoint()
    first, second = a_flow(endpoint), a_flow(endpoint, slug="bills-too")
    send(client, endpoint, "b-1")
    work(endpoint)
    Run.objects.filter(flow=first).update(state="finished")
    send(client, endpoint, "b-2")

    work(endpoint)

    assert Run.objects.filter(flow=first).count() == 1
    assert Event.objects.filter(state="received").count() == 1

    Run.objects.filter(flow=second).update(state="finished")
    work(endpoint)

    assert Run.objects.filter(flow=first).count() == 2
    assert Run.objects.filter(flow=second).count() == 2


def test_without_a_flow_that_listens_events_are_closed_all_the_same(client: Client) -> None:
    endpoint = an_endpoint()
    send(client, endpoint, "b-1")

    work(endpoint)

    event = Event.objects.get()
    assert (event.state, event.run) == ("processed", None)
    assert [(one["outcome"], one["run"]) for one in outcomes()] == [("no flow listens", None)]


def test_a_flow_that_is_off_or_reads_another_account_is_not_started(client: Client) -> None:
    endpoint = an_endpoint()
    off = a_flow(endpoint)
    off.enabled = False
    off.save()
    elsewhere = an_endpoint(slug="elsewhere", connection=a_connection(name="else_ltd"))
    elsewhere.slug = endpoint.slug  # a flow of another account that names this endpoint
    a_flow(elsewhere, slug="foreign")
    send(client, endpoint, "b-1")

    work(endpoint)

    assert not Run.objects.exists()


def test_an_event_that_does_not_open_is_set_aside_and_blocks_nothing(client: Client) -> None:
    endpoint = an_endpoint()
    a_flow(endpoint)
    send(client, endpoint, "b-1", "b-2")
    one, two = Event.objects.order_by("id")
    Event.objects.filter(pk=one.pk).update(body_sealed=two.body_sealed)

    work(endpoint)

    assert dict(Event.objects.values_list("pk", "state")) == {
        one.pk: "unreadable",
        two.pk: "processed",
    }
    assert records_of(Run.objects.get()) == {"records": ["b-2"]}
    assert {one["outcome"] for one in outcomes()} == {"unreadable", "run started"}


def test_more_events_than_one_batch_are_all_closed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "BATCH", 2)
    endpoint = an_endpoint()
    send(client, endpoint, *range(5))

    work(endpoint)

    assert not Event.objects.filter(state="received").exists()
    assert not Job.objects.filter(kind="webhooks.process").exists()


@pytest.mark.parametrize("flag", ["stop", "lost"])
def test_a_job_that_is_to_end_leaves_the_rest_to_another(client: Client, flag: str) -> None:
    endpoint = an_endpoint()
    send(client, endpoint, "b-1")
    job = RunningJob(1)
    getattr(job, flag).set()

    work(endpoint, job)

    assert Event.objects.filter(state="received").count() == 1
    assert Job.objects.filter(kind="webhooks.process").count() == 1


def test_a_failure_half_way_leaves_everything_as_it_was(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = an_endpoint()
    a_flow(endpoint)
    send(client, endpoint, "b-1")

    def fails(*args: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(process, "_mark", fails)
    with pytest.raises(RuntimeError):
        work(endpoint)

    assert not Run.objects.exists()
    assert Event.objects.get().state == "received"
    assert not outcomes()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_start_one_run(client: Client) -> None:
    endpoint = an_endpoint()
    a_flow(endpoint)
    send(client, endpoint, "b-1", "b-2")
    start = threading.Barrier(2)

    def run() -> None:
        start.wait()
        try:
            tasks.process({"endpoint": str(endpoint.pk)}, RunningJob(1))
        finally:
            connection.close()

    workers = [threading.Thread(target=run) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()

    assert records_of(Run.objects.get()) == {"records": ["b-1", "b-2"]}
    assert len(outcomes()) == 2
