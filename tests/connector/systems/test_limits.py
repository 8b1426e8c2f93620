"""connector.systems.limits: token buckets in Postgres, shared by all who have the same name."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from connector.systems.errors import Kind, SystemFailure
from connector.systems.limits import Limiter
from connector.systems.models import Bucket
from connector.systems.spec import Daily, Limits, Rate
from tests.fakes.server import Answer, serve
from tests.fakes.systems import client, described

pytestmark = pytest.mark.django_db


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are noted and not waited."""
    out: list[float] = []
    monkeypatch.setattr(time, "sleep", out.append)
    return out


@pytest.fixture
def make() -> Iterator[Any]:
    """Limiters commit by a connection of their own, so what they leave is taken away here."""
    made: list[Limiter] = []

    def limiter(*rates: Rate, bucket: str = "c1", daily: Daily | None = None) -> Limiter:
        one = Limiter("Acme", Limits(rates=rates, daily=daily), bucket, "cred")
        made.append(one)
        return one

    yield limiter
    for one in made:
        one.close()
    sweeper = Limiter("Acme", Limits(), "", "")
    sweeper._execute("DELETE FROM systems_bucket", {})
    sweeper.close()


def take(limiter: Limiter, times: int = 1, operation: Any = "read", about: str = "items") -> None:
    for _ in range(times):
        limiter.wait(operation, about, reads=operation == "read")


def test_a_full_bucket_is_free_and_an_empty_one_is_waited_for(
    make: Any, slept: list[float]
) -> None:
    limiter = make(Rate(5, 10))

    take(limiter, 5)
    assert slept == []
    take(limiter)
    assert slept == [pytest.approx(2, abs=0.2)]
    take(limiter)
    assert slept[1] == pytest.approx(4, abs=0.2)


def test_two_workers_share_a_bucket_by_its_name(make: Any, slept: list[float]) -> None:
    take(make(Rate(5, 10)), 5)
    take(make(Rate(5, 10), bucket="c2"), 5)
    assert slept == []

    take(make(Rate(5, 10)))
    assert slept == [pytest.approx(2, abs=0.2)]


def test_connections_with_one_credential_share_what_counts_for_it(
    make: Any, slept: list[float]
) -> None:
    rate = Rate(2, 10, share="credential")
    take(make(rate), 2)
    take(make(rate, bucket="c2"))
    assert len(slept) == 1


@pytest.mark.parametrize(
    ("only", "operation", "about", "counts"),
    [
        ("login", "login", "", True), ("login", "token", "", True), ("login", "read", "x", False),
        ("read", "read", "x", True), ("read", "create", "x", False),
        ("write", "create", "x", True), ("write", "read", "x", False),
        ("bill", "create", "bill", True), ("bill", "create", "vendor", False),
        (None, "create", "bill", True),
    ],
)  # fmt: skip
def test_a_rate_counts_what_it_is_for(
    make: Any, slept: list[float], only: str | None, operation: str, about: str, counts: bool
) -> None:
    take(make(Rate(1, 10, only=only)), 2, operation, about)
    assert bool(slept) is counts


def test_a_wait_beyond_the_patience_is_said_and_its_token_given_back(
    make: Any, slept: list[float]
) -> None:
    limiter = make(Rate(1, 3600))
    take(limiter)

    for _ in range(3):
        with pytest.raises(SystemFailure) as caught:
            take(limiter)
        assert caught.value.kind is Kind.RATE_LIMITED
        assert caught.value.wait_s == pytest.approx(3600, abs=2)
    assert slept == []


def test_a_pause_that_the_system_asked_for_counts_for_every_worker(
    make: Any, slept: list[float]
) -> None:
    one, other = make(Rate(100, 10)), make(Rate(100, 10))
    take(other)

    one.block(60)

    for limiter in (one, other, make(Rate(100, 10))):
        with pytest.raises(SystemFailure) as caught:
            take(limiter, 30)
        assert caught.value.wait_s == pytest.approx(60, abs=1)


def test_a_busy_rate_costs_less_than_a_statement_a_call_and_gives_back_the_rest(make: Any) -> None:
    limiter = make(Rate(1000, 10))
    statements: list[str] = []

    def noted(execute: Any, sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    take(limiter)
    limiter._database.execute_wrappers.append(noted)
    take(limiter, 40)
    assert len(statements) == 2
    limiter.close()

    assert Bucket.objects.get().tokens == pytest.approx(959, abs=5)


def test_the_day_keeps_a_reserve_for_writes(make: Any, slept: list[float]) -> None:
    limiter = make(daily=Daily(10, "00:00 UTC", reserve=4))
    take(limiter, 6)
    with pytest.raises(SystemFailure):
        take(limiter)
    take(limiter, 3, "create")
    assert slept == []


def test_threads_never_take_more_than_there_is(make: Any, slept: list[float]) -> None:
    limiters = [make(Rate(50, 1_000_000)) for _ in range(4)]
    taken: list[int] = []

    def work(limiter: Limiter) -> None:
        for turn in range(15):
            with suppress(SystemFailure):
                take(limiter)
                taken.append(turn)

    threads = [threading.Thread(target=work, args=[one]) for one in limiters for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(taken), slept) == (50, [])


def test_without_rates_the_database_is_not_asked() -> None:
    with (
        serve(lambda _: Answer({"items": []})) as fake,
        client(fake, bucket="free") as acme,
    ):
        acme.read_page("items", position=None, mark="")
        assert acme._caller.limiter._database is None


def test_a_client_keeps_to_its_rate(make: Any) -> None:
    system = described(limits={"rates": [{"calls": 2, "per_s": 1}]})
    with serve(lambda _: Answer({"items": []})) as fake, client(fake, system) as acme:
        began = time.monotonic()
        for _ in range(4):
            acme.read_page("items", position=None, mark="")
    assert 0.8 < time.monotonic() - began < 3
    assert len(fake.asked) == 4


def test_a_call_that_our_own_limit_held_back_blocks_nobody(make: Any) -> None:
    rates = [{"calls": 1, "per_s": 3600, "only": "read"}, {"calls": 9, "per_s": 1}]
    with (
        serve(lambda _: Answer({"items": []})) as fake,
        client(fake, described(limits={"rates": rates})) as acme,
    ):
        acme.read_page("items", position=None, mark="")
        with pytest.raises(SystemFailure) as caught:
            acme.read_page("items", position=None, mark="")
        assert caught.value.kind is Kind.RATE_LIMITED
        assert len(fake.asked) == 1
    assert Bucket.objects.count() == 2
    assert not Bucket.objects.exclude(blocked_until=None).exists()


def test_a_pause_that_the_system_asked_for_is_shared(make: Any) -> None:
    limits_ = {"rates": [{"calls": 9, "per_s": 1}]}
    busy = Answer({}, 429, {"Retry-After": "77"})
    with serve(lambda _: busy) as fake:
        for _ in range(2):
            with (
                client(fake, described(limits=limits_)) as acme,
                pytest.raises(SystemFailure) as caught,
            ):
                acme.read_page("items", position=None, mark="")
            assert caught.value.wait_s == pytest.approx(77, abs=2)
        assert len(fake.asked) == 1
