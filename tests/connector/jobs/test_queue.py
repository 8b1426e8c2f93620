"""connector.jobs.queue"""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from connector.jobs import queue
from connector.jobs.errors import NotIds, UnknownKind
from connector.jobs.models import Job
from connector.jobs.registry import Kind
from tests.conftest import as_role
from tests.connector.jobs.acting import (
    RUN,
    another_connection,
    ask,
    let_the_lease_end,
    make_due,
    run_of,
    the_claimed,
)

pytestmark = pytest.mark.django_db


# --- enqueue ----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_job_is_part_of_the_transaction_that_needs_it() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        queue.enqueue(RUN, args={"run": 7})
        raise ZeroDivisionError

    assert not Job.objects.exists()
    with pytest.raises(RuntimeError, match="transaction"):
        queue.enqueue(RUN, args={"run": 7})


def test_one_job_waits_for_a_key_and_a_second_is_not_written() -> None:
    assert ask(args={"run": 1}, dedupe_key="flow:1") is True
    assert ask(args={"run": 2}, dedupe_key="flow:1") is False
    assert ask(args={"run": 3}, dedupe_key="flow:2") is True
    assert ask(args={"run": 4}) is True
    assert ask(args={"run": 5}) is True

    assert [job.args["run"] for job in Job.objects.order_by("id")] == [1, 3, 4, 5]


@pytest.mark.parametrize(
    "args",
    [
        {"run": 1.5},
        {"run": None},
        {"run": True},
        {"run": ["os.system"]},
        {"run": {"a": "b"}},
        {"run": "x" * 101},
        {7: "x"},
    ],
)
def test_only_ids_may_be_queued(args: dict[str, str]) -> None:
    with pytest.raises(NotIds):
        ask(args=args)

    assert not Job.objects.exists()


def test_a_kind_outside_the_list_can_not_be_queued() -> None:
    with pytest.raises(UnknownKind):
        ask("os.system", args={"run": "id"})  # type: ignore[arg-type]

    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_only_a_row_that_was_written_wakes_the_worker() -> None:
    with another_connection() as thread:

        def listen() -> None:
            with connection.cursor() as cursor:
                cursor.execute("LISTEN jobs")

        def heard() -> int:
            return len(list(connection.connection.notifies(timeout=0.3)))

        thread.submit(listen).result()
        ask(dedupe_key="flow:1")
        assert thread.submit(heard).result() == 1
        ask(dedupe_key="flow:1")
        assert thread.submit(heard).result() == 0
        ask(delay_s=60)
        assert thread.submit(heard).result() == 0


def test_web_may_enqueue_and_may_not_claim() -> None:
    with as_role("web"):
        assert ask(args={"run": 1}, dedupe_key="flow:1") is True
        assert ask(args={"run": 1}, dedupe_key="flow:1") is False
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            queue.claim("web")

    assert Job.objects.get().state == Job.State.WAITING


# --- claim ------------------------------------------------------------------


def test_jobs_are_claimed_by_priority_then_age_and_each_once() -> None:
    ask(args={"run": 1})
    ask(args={"run": 2}, priority=10)
    ask(args={"run": 3})
    ask(args={"run": 4}, delay_s=60)

    first = queue.claim("a", limit=2)
    rest = queue.claim("b", limit=9)

    assert [run_of(job) for job in first] == [2, 1]
    assert [run_of(job) for job in rest] == [3]
    assert queue.claim("a", limit=9) == []


def test_a_key_that_runs_is_not_claimed_a_second_time() -> None:
    ask(args={"run": 1}, dedupe_key="flow:1")
    running = the_claimed()
    assert ask(args={"run": 2}, dedupe_key="flow:1") is True

    assert queue.claim("b") == []
    assert queue.due(at_most=5) == 0
    queue.finish("a", [running.id])

    assert run_of(the_claimed("b")) == 2


@pytest.mark.django_db(transaction=True)
def test_a_row_that_another_worker_is_taking_is_passed_over() -> None:
    ask(args={"run": 1})
    ask(args={"run": 2})
    with another_connection() as thread, transaction.atomic():
        mine = the_claimed("a")
        other = thread.submit(the_claimed, "b").result(timeout=5)

    assert {run_of(mine), run_of(other)} == {1, 2}


def test_a_batch_is_filled_with_first_attempts_of_the_asked_kinds_alone() -> None:
    ask(Kind.WEBHOOKS_PROCESS, args={"run": 1})
    the_claimed()
    let_the_lease_end()
    assert queue.fail(queue.expired(), "died", at_once=True) is Job.State.WAITING  # type: ignore[arg-type]
    ask(RUN, args={"run": 2})
    ask(Kind.WEBHOOKS_PROCESS, args={"run": 3})

    batch = queue.claim("b", limit=20, kinds=[Kind.WEBHOOKS_PROCESS])

    assert [run_of(job) for job in batch] == [3]


# --- leases and ends --------------------------------------------------------


def test_a_lease_is_renewed_by_its_holder_alone() -> None:
    ask()
    job = the_claimed("a")
    let_the_lease_end()

    assert queue.renew("b", [job.id]) == set()
    assert queue.expired() is not None
    assert queue.renew("a", [job.id]) == {job.id}
    assert queue.expired() is None


def test_a_job_whose_lease_ended_runs_again_and_its_old_holder_changes_nothing() -> None:
    ask()
    old = the_claimed("a")
    let_the_lease_end()
    expired = queue.expired()
    assert expired == old

    assert queue.fail(expired, "the worker died", at_once=True) is Job.State.WAITING
    again = the_claimed("b")

    assert (again.id, again.attempts) == (old.id, 2)
    assert queue.finish("a", [old.id]) == 0
    assert queue.fail(old, "late") is None
    assert queue.park(old, "late") is None
    assert queue.renew("a", [old.id]) == set()
    assert queue.finish("b", [again.id]) == 1


def test_a_failed_job_waits_longer_each_time_and_is_parked_at_the_fifth() -> None:
    ask()
    states = []
    for _ in range(5):
        make_due()
        states.append(queue.fail(the_claimed(), "KeyError"))
        assert queue.claim("b") == []

    job = Job.objects.get()
    assert states == [Job.State.WAITING] * 4 + [Job.State.PARKED]
    assert (job.state, job.attempts, job.problem) == ("parked", 5, "KeyError")
    assert [queue.wait_s(n) for n in (1, 2, 3, 4, 9)] == [2, 8, 32, 128, 300]


def test_a_newer_job_with_the_same_key_takes_the_place_of_a_failed_one() -> None:
    ask(args={"run": 1}, dedupe_key="flow:1")
    old = the_claimed()
    ask(args={"run": 1}, dedupe_key="flow:1")

    assert queue.fail(old, "KeyError") is Job.State.DONE

    assert the_claimed("b").id != old.id
    assert queue.claim("b") == []


@pytest.mark.parametrize("ended", ["done", "parked"])
def test_a_terminal_state_never_changes(ended: str) -> None:
    ask()
    job = the_claimed("a")
    if ended == "done":
        queue.finish("a", [job.id])
    else:
        queue.park(job, "refused")
    before = Job.objects.values().get()

    assert queue.renew("a", [job.id]) == set()
    assert queue.finish("a", [job.id]) == 0
    assert queue.fail(job, "late") is None
    assert queue.park(job, "late") is None
    let_the_lease_end()
    assert queue.expired() is None
    assert queue.claim("b", limit=9) == []

    assert Job.objects.values().get() == before


def test_done_jobs_are_deleted_after_a_day_in_batches_and_parked_ones_stay() -> None:
    for n in range(5):
        ask(args={"n": n})
    for job in queue.claim("a", limit=4):
        queue.finish("a", [job.id])
    queue.park(the_claimed("a"), "refused")
    Job.objects.filter(args__n__lt=3).update(finished_at=timezone.now() - timedelta(hours=25))
    Job.objects.filter(state="parked").update(finished_at=timezone.now() - timedelta(days=9))

    assert [queue.delete_done(limit=2) for _ in range(3)] == [2, 1, 0]

    assert sorted(Job.objects.values_list("state", flat=True)) == ["done", "parked"]


def test_the_age_of_the_oldest_due_job_leaves_out_what_can_not_run_yet() -> None:
    assert queue.oldest_due_s() == 0
    ask(args={"n": 1}, delay_s=60)
    assert queue.oldest_due_s() == 0
    make_due()
    assert 0.9 < queue.oldest_due_s() < 10
