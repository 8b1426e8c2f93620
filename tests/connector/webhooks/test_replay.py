"""connector.webhooks.replay"""

import json

import pytest
from django.test import Client

from connector.audit.models import Entry
from connector.flows.models import Run
from connector.jobs.models import Job
from connector.jobs.running import RunningJob
from connector.webhooks import tasks
from connector.webhooks.errors import NotReplayable
from connector.webhooks.models import Event
from connector.webhooks.replay import replay
from tests.connector.webhooks.worlds import BILL, a_flow, an_endpoint, deliver

pytestmark = [pytest.mark.django_db, pytest.mark.urls("connector.webhooks.urls")]


def test_a_replayed_event_starts_a_run_again(client: Client) -> None:
    endpoint = an_endpoint()
    a_flow(endpoint)
    deliver(client, endpoint, BILL)
    job = {"endpoint": str(endpoint.pk)}
    tasks.process(job, RunningJob(1))
    Run.objects.update(state="finished")
    Job.objects.all().delete()

    replay(Event.objects.get(), actor="mara")

    assert Event.objects.get().state == "received"
    assert Job.objects.filter(kind="webhooks.process").count() == 1
    entry = Entry.objects.get(action="webhook.replayed")
    assert entry.actor == "mara"
    assert json.loads(entry.facts) == {"endpoint": "bills-in", "event": "msg_1"}
    tasks.process(job, RunningJob(2))
    assert Run.objects.count() == 2


@pytest.mark.parametrize("state", ["received", "ignored", "unreadable"])
def test_only_a_processed_event_is_replayed(client: Client, state: str) -> None:
    deliver(client, an_endpoint(), BILL)
    Event.objects.update(state=state)

    with pytest.raises(NotReplayable):
        replay(Event.objects.get(), actor="mara")

    assert Event.objects.get().state == state
    assert not Entry.objects.filter(action="webhook.replayed").exists()
