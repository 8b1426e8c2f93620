"""connector.jobs.queue: no wake-up is lost between an enqueue and a claim"""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from connector.jobs import queue
from connector.jobs.registry import Kind
from tests.connector.jobs.acting import another_connection, ask, the_claimed


@pytest.fixture
def events(transactional_db: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS event_of_test (id int)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE event_of_test")


def write_event() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO event_of_test VALUES (1)")


def count_events() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM event_of_test")
        return int(cursor.fetchone()[0])


def test_an_event_whose_enqueue_met_the_claimed_row_is_seen(events: None) -> None:
    ask(dedupe_key="endpoint:1")
    with another_connection() as intake, another_connection() as worker:
        opened = transaction.atomic()
        intake.submit(opened.__enter__).result()
        intake.submit(write_event).result()
        wrote = intake.submit(
            lambda: queue.enqueue(Kind.WEBHOOKS_PROCESS, dedupe_key="endpoint:1")
        ).result()
        assert wrote is False

        job = worker.submit(the_claimed).result()
        assert worker.submit(count_events).result() == 0  # what a worker without the barrier reads
        passed = worker.submit(queue.read_barrier, job.dedupe_key)
        with pytest.raises(TimeoutError):
            passed.result(timeout=0.5)

        intake.submit(opened.__exit__, None, None, None).result()
        passed.result(timeout=5)
        assert worker.submit(count_events).result() == 1


def test_an_enqueue_after_the_claim_writes_a_job_of_its_own(events: None) -> None:
    ask(dedupe_key="endpoint:1")
    with another_connection() as worker:
        job = worker.submit(the_claimed).result()
        worker.submit(queue.read_barrier, job.dedupe_key).result()

    assert ask(dedupe_key="endpoint:1") is True
