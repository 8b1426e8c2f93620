"""One slice of a run: read a page, map it, claim, send, record, move on, until its time is used.

Whatever kills it, nothing is lost and nothing is sent twice: a page counts only in
the transaction that also moves the run on, and a call that has left is in the ledger
before it leaves.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.db import connections as database
from django.utils import timezone

from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.flows import (
    claims,
    clients,
    commit,
    contract,
    deliver,
    held,
    ledger,
    maps,
    page,
    readers,
    settle,
)
from connector.flows.compiled import Compiled, compile_version
from connector.flows.contract import Contract
from connector.flows.errors import RunHandedOver, RunStopped
from connector.flows.identity import Names
from connector.flows.mapping.errors import Reason
from connector.flows.models import Delivery, Run
from connector.flows.page import Page
from connector.jobs.running import RunningJob
from connector.systems.client import Client
from connector.systems.errors import Kind, SystemFailure

T = TypeVar("T")
ALL_ALIKE = 20
NOTE_EACH, NOTE_S = 100, 2.0
NOT_OF_THE_MAPPING = (Reason.NOT_SETTLED, Reason.CHANGED_AFTER_FINAL, Reason.TOO_BIG)


@dataclass(slots=True)
class Slice:
    """What a slice works with. `names` and `compiled` are pinned for its whole life."""

    run: Run
    job: RunningJob
    compiled: Compiled
    names: Names
    source: Client
    destination: Client
    contract: Contract
    pool: ThreadPoolExecutor
    ends_at: float
    position: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends_at or self.job.stop.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep; True if the slice should end instead."""
        return self.job.stop.wait(seconds)

    def in_threads(self, work: Callable[..., T], *items: Iterable[Any]) -> Iterator[T]:
        """Do something for each item side by side; threads leave no database connection open."""

        def one(*arguments: Any) -> T:
            try:
                return work(*arguments)
            finally:
                database.close_all()

        return self.pool.map(one, *items)

    def check_lease(self) -> None:
        if self.job.lost.is_set():
            raise RunHandedOver("the lease is gone", wait_s=1)


def run_slice(run: Run, job: RunningJob) -> bool:
    """Work on a run for one time share. True if it is done, False if it goes on in another slice.

    Raises:
        RunStopped: it can't go on; nothing of the page at hand was counted.
        RunHandedOver: go on later: the route is taken, or something has to be waited for.
        SystemFailure: a system doesn't answer now, or refuses us.
    """
    version = run.version
    compiled = compile_version(version, now=timezone.now())
    with _route(compiled), _clients(run) as (source, destination), _pool(destination) as pool:
        slice_ = Slice(
            run=run,
            job=job,
            compiled=compiled,
            names=Names.of(compiled.route),
            source=source,
            destination=destination,
            contract=contract.of(destination, version.object),
            pool=pool,
            ends_at=time.monotonic() + settings.SLICE_S,
            position=_position(run),
        )
        settle.settle_open(slice_)
        return _pages(slice_)


def _pages(slice_: Slice) -> bool:
    run = slice_.run
    while slice_.position != readers.ALL_READ:
        run.refresh_from_db(fields=["cancel_asked", "pages"])
        if run.cancel_asked:
            return True
        if slice_.is_over and run.pages:
            return False
        slice_.check_lease()
        batch = readers.next_batch(run, slice_.source, slice_.position)
        planned = page.plan(slice_.compiled, slice_.names, batch.keyed, batch.cut)
        _refuse_if_all_alike(run, planned)
        answers = send_page(slice_, planned)
        slice_.check_lease()
        commit.page(slice_, batch, planned, answers)
        _catch_up(slice_, planned)
        slice_.position = batch.position
    wait_s = settle.settle_open(slice_)
    if wait_s:
        raise RunHandedOver("waiting until what got no answer can be looked up", wait_s=wait_s)
    return True


def _catch_up(slice_: Slice, planned: Page) -> None:
    """What was held may wait for something that arrived before anybody could see it waiting."""
    if planned.held:
        held.release_answered(slice_.compiled.route, planned.unanswered)
        maps.release_since(slice_.compiled.map_versions)


def send_page(slice_: Slice, planned: Page) -> list[deliver.Answer]:
    """Claim the calls of a page, commit, make them side by side, and answer what came of each.

    Raises:
        SystemFailure: the destination takes nothing now. What was sent is recorded;
            the page is not counted and is read again.
    """
    calls = claims.claim(slice_, planned, claims.read_back(slice_, planned))
    answers: list[deliver.Answer] = []
    fresh: list[deliver.Answer] = []
    noted_at = time.monotonic()
    for answer in slice_.in_threads(partial(_deliver, slice_), calls):
        fresh.append(answer)
        # What is certain is kept soon: a worker that is killed has less to settle.
        if len(fresh) >= NOTE_EACH or time.monotonic() - noted_at > NOTE_S:
            commit.answers(slice_, fresh, counted=False)
            answers += fresh
            fresh, noted_at = [], time.monotonic()
    commit.answers(slice_, fresh, counted=False)
    answers += fresh
    for answer in answers:
        if answer.failure is not None:
            _give_up(answer.failure, slice_.run)
    return answers


def _deliver(slice_: Slice, call: deliver.Call) -> deliver.Answer:
    if slice_.job.lost.is_set() or slice_.job.stop.is_set():
        failure = SystemFailure(Kind.TRANSIENT, "The worker is stopping.")
        return deliver.Answer(call.id, Delivery.State.PENDING, failure=failure)
    answer = deliver.deliver(slice_.destination, slice_.contract, call, wait=slice_.wait)
    if answer.failure is None or deliver.stops_the_page(answer):
        return answer
    # It could not even be made, because of its own data.
    return deliver.Answer(call.id, Delivery.State.REJECTED, problem="refused", text=answer.text)


def _refuse_if_all_alike(run: Run, planned: Page) -> None:
    """The first records of a run all held for one reason: the mapping is wrong, not the records."""
    if run.kind == Run.Kind.HELD or run.pages:
        return
    if planned.read < ALL_ALIKE or len(planned.held) < planned.read:
        return
    causes = {(one.problems[0].field, one.problems[0].reason) for one in planned.held}
    name, reason = causes.pop()
    if not causes and reason not in NOT_OF_THE_MAPPING:
        raise RunStopped(
            f"All of the first {planned.read} records are held for {name or 'the record'} "
            f"({reason}). Nothing was sent. Mend the mapping and run again."
        )


def _give_up(failure: SystemFailure, run: Run) -> None:
    message = f"{run.version.destination.title}: {failure.message}"
    raise SystemFailure(failure.kind, message, detail=failure.detail, wait_s=failure.wait_s)


def _position(run: Run) -> dict[str, Any] | None:
    if not run.position_sealed:
        return None
    opened: dict[str, Any] = envelope.open_json(
        Domain.PAYLOAD, bytes(run.position_sealed), place=run.position_place
    )
    return opened


@contextmanager
def _route(compiled: Compiled) -> Iterator[None]:
    if not ledger.lock_route(compiled.route):
        raise RunHandedOver("another run is on the same route", wait_s=2)
    try:
        yield
    finally:
        ledger.unlock_route(compiled.route)


@contextmanager
def _clients(run: Run) -> Iterator[tuple[Client, Client]]:
    purpose, version = ledger.run_subject(run.pk), run.version
    with (
        clients.open_client(version.source, purpose=purpose, actor="worker") as source,
        clients.open_client(version.destination, purpose=purpose, actor="worker") as destination,
    ):
        yield source, destination


@contextmanager
def _pool(client: Client) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(client.system.limits.concurrent, thread_name_prefix="send") as pool:
        yield pool
