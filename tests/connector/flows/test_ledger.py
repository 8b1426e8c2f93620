"""connector.flows.ledger"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db import connections as database

from connector.flows import ledger
from connector.flows.ledger import Result
from connector.flows.models import Delivery, Route, Run
from tests.connector.flows.rows import a_claim, a_flow, a_route, a_run, the_row

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State


@pytest.fixture
def run() -> Run:
    return a_run(a_flow())


@pytest.fixture
def route(run: Run) -> Route:
    return a_route(run.flow)


def in_thread(work: Callable[[], Any]) -> Any:
    """Do something over a database connection of its own."""

    def one() -> Any:
        try:
            return work()
        finally:
            database.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(one).result()


def claimed(route: Route, run: Run, key: str = "V-1", content: str = "1") -> int:
    (pk,) = ledger.claim(route, run, [a_claim(route, key, content)]).values()
    return pk


def delivered(pk: int, remote: bytes = b"r") -> Result:
    return Result(pk, State.DELIVERED, remote_key=remote, remote_sealed=b"sealed id", counted=True)


def test_a_claim_is_committed_in_sending_before_anything_can_leave(route: Route, run: Run) -> None:
    pk = claimed(route, run)

    seen = in_thread(lambda: Delivery.objects.get(pk=pk))

    assert seen.state == State.SENDING
    assert seen.sent_at is not None
    assert seen.settled_at is None
    assert not seen.counted
    assert bytes(seen.request_sealed) == b"sealed request"


def test_a_claim_inside_a_transaction_is_refused_and_nothing_is_claimed(
    route: Route, run: Run
) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        claimed(route, run)

    assert not Delivery.objects.exists()


@pytest.mark.parametrize("move", ["send_again", "abandon", "take_up"])
def test_no_move_before_a_call_hides_in_a_transaction(route: Route, run: Run, move: str) -> None:
    pk = claimed(route, run)
    moves: dict[str, Callable[[], object]] = {
        "send_again": lambda: ledger.send_again(pk),
        "abandon": lambda: ledger.abandon(route),
        "take_up": lambda: ledger.take_up([pk]),
    }

    with pytest.raises(RuntimeError), transaction.atomic():
        moves[move]()


@pytest.mark.parametrize("state", [State.SENDING, State.UNCERTAIN])
def test_an_open_row_is_never_claimed_again(route: Route, run: Run, state: str) -> None:
    pk = claimed(route, run)
    if state == State.UNCERTAIN:
        ledger.record([Result(pk, State.UNCERTAIN, problem="no_answer")])
    before = Delivery.objects.values().get(pk=pk)

    again = ledger.claim(route, run, [a_claim(route, "V-1", "2")])

    assert again == {}
    assert Delivery.objects.values().get(pk=pk) == before


@pytest.mark.parametrize("state", [State.PENDING, State.DELIVERED, State.REJECTED])
def test_a_row_that_is_not_open_is_claimed_under_the_same_number(
    route: Route, run: Run, state: str
) -> None:
    pk = claimed(route, run)
    result = delivered(pk) if state == State.DELIVERED else Result(pk, state)
    ledger.record([result])

    assert claimed(route, run, content="2") == pk
    assert Delivery.objects.count() == 1
    assert the_row(route, "V-1").state == State.SENDING


def test_of_many_that_race_for_one_record_one_wins(route: Route, run: Run) -> None:
    gate = threading.Barrier(8)

    def one(number: int) -> int:
        try:
            gate.wait()
            return len(ledger.claim(route, run, [a_claim(route, "V-1", str(number))]))
        finally:
            database.close_all()

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(one, range(8)))

    assert sorted(won) == [0] * 7 + [1]
    assert Delivery.objects.count() == 1


def test_pages_that_overlap_share_out_their_records_and_none_is_claimed_twice(
    route: Route, run: Run
) -> None:
    gate = threading.Barrier(4)
    pages = [[f"V-{n}" for n in range(start, start + 60)] for start in (0, 20, 40, 10)]

    def one(page: list[str]) -> list[int]:
        try:
            gate.wait()
            return list(ledger.claim(route, run, [a_claim(route, key) for key in page]).values())
        finally:
            database.close_all()

    with ThreadPoolExecutor(4) as pool:
        ids = [pk for found in pool.map(one, pages) for pk in found]

    assert len(ids) == len(set(ids)) == 100


def test_a_result_is_written_only_where_the_row_is_still_open(route: Route, run: Run) -> None:
    pk = claimed(route, run)
    assert ledger.record([delivered(pk, b"first")]) == {pk}

    late = [
        Result(pk, State.REJECTED, problem="refused"),
        Result(pk, State.UNCERTAIN, problem="no_answer"),
        delivered(pk, b"second"),
    ]
    written = [ledger.record([one]) for one in late]

    row = the_row(route, "V-1")
    assert written == [set(), set(), set()]
    assert (row.state, bytes(row.remote_key or b"")) == (State.DELIVERED, b"first")


def test_a_rejection_counts_the_attempt_and_gives_the_next_another_key(
    route: Route, run: Run
) -> None:
    pk = claimed(route, run)
    ledger.record([Result(pk, State.REJECTED, problem="refused")])

    known = ledger.known(route, [a_claim(route, "V-1").source_key])

    (one,) = known.values()
    assert (one.id, one.attempts, one.state) == (pk, 1, State.REJECTED)


def test_nothing_sent_makes_it_pending_and_forgets_what_would_say_unchanged(
    route: Route, run: Run
) -> None:
    pk = claimed(route, run)

    ledger.record([Result(pk, State.PENDING)])

    row = the_row(route, "V-1")
    assert (bytes(row.fingerprint), bytes(row.source_print)) == (b"", b"")


def test_the_request_is_kept_for_as_long_as_it_may_have_to_be_made_again(
    route: Route, run: Run
) -> None:
    pk = claimed(route, run)
    ledger.record([Result(pk, State.UNCERTAIN, problem="no_answer")])
    uncertain = the_row(route, "V-1")
    ledger.record([delivered(pk)])
    done = the_row(route, "V-1")

    assert bytes(uncertain.request_sealed) == b"sealed request"
    assert bytes(done.request_sealed) == b""


def test_an_update_without_an_answer_keeps_the_remote_id(route: Route, run: Run) -> None:
    pk = claimed(route, run)
    ledger.record([delivered(pk, b"remote")])
    claimed(route, run, content="2")

    ledger.record([Result(pk, State.UNCERTAIN, problem="no_answer")])

    row = the_row(route, "V-1")
    assert (bytes(row.remote_key or b""), bytes(row.remote_sealed)) == (b"remote", b"sealed id")


def test_what_was_left_in_sending_is_uncertain_and_its_time_counts_from_then(
    route: Route, run: Run
) -> None:
    pk = claimed(route, run)
    sent_at = the_row(route, "V-1").sent_at

    assert ledger.abandon(route) == 1
    first = the_row(route, "V-1")
    assert ledger.abandon(route) == 0
    ledger.take_up([pk])
    ledger.abandon(route)
    later = the_row(route, "V-1")

    assert (first.state, first.problem) == (State.UNCERTAIN, "no_answer")
    assert first.sent_at == sent_at
    assert first.settled_at is not None
    assert later.settled_at == first.settled_at


def test_abandoning_one_route_leaves_the_others(route: Route, run: Run) -> None:
    claimed(route, run)
    other = Route.objects.create(
        source=route.source, stream="bills", destination=route.destination, object="bill"
    )

    assert ledger.abandon(other) == 0
    assert the_row(route, "V-1").state == State.SENDING


def test_only_uncertain_rows_are_taken_up_and_by_one_alone(route: Route, run: Run) -> None:
    pk = claimed(route, run)
    assert ledger.take_up([pk]) == set()
    ledger.abandon(route)

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: in_thread(lambda: ledger.take_up([pk])), range(4)))

    assert sorted(map(len, taken)) == [0, 0, 0, 1]


def test_sending_again_takes_a_new_time_and_uses_up_what_a_person_decided(
    route: Route, run: Run
) -> None:
    pk = claimed(route, run)
    ledger.record([Result(pk, State.UNCERTAIN, problem="no_way")])
    Delivery.objects.filter(pk=pk).update(problem="send")
    before = the_row(route, "V-1")

    assert ledger.send_again(pk)

    row = the_row(route, "V-1")
    assert (row.state, row.problem, row.settled_at) == (State.SENDING, "", None)
    assert row.sent_at and before.sent_at and row.sent_at > before.sent_at


@pytest.mark.parametrize("state", [State.DELIVERED, State.REJECTED, State.PENDING])
def test_what_is_not_open_any_more_is_not_sent_again(route: Route, run: Run, state: str) -> None:
    pk = claimed(route, run)
    ledger.record([delivered(pk) if state == State.DELIVERED else Result(pk, state)])

    assert not ledger.send_again(pk)
    assert the_row(route, "V-1").state == state


def test_the_database_knows_no_delivery_without_a_remote_id(route: Route, run: Run) -> None:
    pk = claimed(route, run)

    with pytest.raises(IntegrityError):
        ledger.record([Result(pk, State.DELIVERED)])

    assert the_row(route, "V-1").state == State.SENDING


def test_prints_are_refreshed_for_delivered_rows_alone(route: Route, run: Run) -> None:
    one, two = claimed(route, run, "V-1"), claimed(route, run, "V-2")
    ledger.record([delivered(one), Result(two, State.REJECTED, problem="refused")])

    ledger.refresh_prints({one: b"new", two: b"new"})

    assert bytes(the_row(route, "V-1").source_print) == b"new"
    assert bytes(the_row(route, "V-2").source_print) == b""


def test_known_answers_only_for_its_own_route(route: Route, run: Run) -> None:
    claimed(route, run)
    other = Route.objects.create(
        source=route.source, stream="bills", destination=route.destination, object="bill"
    )
    key = a_claim(route, "V-1").source_key

    assert set(ledger.known(route, [key, b"unknown"])) == {key}
    assert ledger.known(other, [key]) == {}


def test_a_route_is_held_by_one_session_and_freed_with_it(route: Route) -> None:
    assert ledger.lock_route(route)
    assert not in_thread(lambda: ledger.lock_route(route))
    ledger.unlock_route(route)

    # The thread's connection is closed without unlocking, as by a kill.
    assert in_thread(lambda: ledger.lock_route(route))
    until = time.monotonic() + 10
    while not (freed := ledger.lock_route(route)) and time.monotonic() < until:
        time.sleep(0.02)
    assert freed
    ledger.unlock_route(route)


def test_a_claim_that_dies_before_its_commit_leaves_nothing(route: Route, run: Run) -> None:
    claim = a_claim(route, "V-1")

    def dies() -> None:
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            Delivery.objects.create(
                route=route,
                source_key=claim.source_key,
                source_key_sealed=b"x",
                fingerprint=b"",
                state=State.PENDING,
                key=claim.key,
                external_id="e",
                flow=run.flow,
                version=run.version,
            )
            raise KeyboardInterrupt

    in_thread(dies)

    assert ledger.claim(route, run, [claim])
