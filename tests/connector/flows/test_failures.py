"""Runs whose source fails while it is read: tried again, gone on with, and no secret told"""

from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from connector.audit.models import Entry
from connector.flows import dispatch
from connector.flows.models import Delivery, Flow, Run
from connector.sandbox.errors import Refusal
from connector.sandbox.site import Route, Site
from connector.sandbox.webserver import Request, Response
from tests.connector.flows.box import World, a_world, work_on

pytestmark = pytest.mark.django_db(transaction=True)
LIST = ("GET", "/api/v1/vendors")


class Failing:
    """The list of vendors, whose calls after the first few are refused so many times.

    What it says holds the token of whoever asked, as a careless server's page of errors does.
    """

    def __init__(self, world: World, status: int, *, after: int = 0, times: int = 1_000) -> None:
        routes = cast("MutableMapping[tuple[str, str], Route]", world.erp.site.routes)
        self.real = routes[LIST].handler
        self.status, self.after, self.left = status, after, times
        self.tokens: set[str] = set()
        routes[LIST] = replace(routes[LIST], handler=self.answer)

    def answer(self, site: Site, request: Request, id_: str) -> Response:
        said = request.headers["authorization"]
        self.tokens.add(said.partition(" ")[2])
        self.after -= 1
        if self.after >= 0 or self.left <= 0:
            return self.real(site, request, id_)
        self.left -= 1
        raise Refusal(self.status, "internal", f"Something went wrong for {said}.")


def started(flow: Flow) -> Run:
    run = dispatch.start(flow, cause=Run.Cause.MANUAL, actor="omar")
    assert run is not None
    return run


def tells_no_secret(world: World, failing: Failing, *messages: str) -> None:
    said = " ".join([*messages, *Entry.objects.values_list("facts", flat=True)])
    secrets = {*failing.tokens, world.erp.credential["client_secret"]}
    assert failing.tokens
    assert not [secret for secret in secrets if secret in said]


def once_each(world: World, number: int) -> None:
    there: list[Any] = [one["reference"] for one in world.ap_records("vendors")]
    assert len(there) == len(set(there)) == number
    assert Delivery.objects.filter(state=Delivery.State.DELIVERED).count() == number


@pytest.mark.parametrize("after", [0, 1], ids=["first page", "second page"])
def test_a_run_whose_source_answers_500_is_retried_and_goes_on(tmp_path: Path, after: int) -> None:
    with a_world(tmp_path, vendors=205, bills=0) as world:
        vendors, _ = world.vendors_and_bills()
        failing = Failing(world, 500, after=after)
        run = started(vendors)

        waits = work_on(run, slices=1, patience_s=0.01)
        message, since, pages = waits.message, waits.failing_since, waits.pages
        failing.left = 0
        done = work_on(run, patience_s=0.01)

        assert (waits.pk, message != "", since is not None) == (run.pk, True, True)
        assert pages == after
        assert (done.state, done.read, done.delivered) == (Run.State.FINISHED, 205, 205)
        assert (done.message, done.failing_since) == ("", None)
        once_each(world, 205)
        tells_no_secret(world, failing, message)


def test_a_sign_in_that_ends_while_a_run_reads_is_made_anew(tmp_path: Path) -> None:
    with a_world(tmp_path, vendors=3, bills=0) as world:
        vendors, _ = world.vendors_and_bills()
        failing = Failing(world, 401, times=1)

        done = work_on(started(vendors), patience_s=0.01)

        assert (done.state, done.delivered, done.message) == (Run.State.FINISHED, 3, "")
        assert len(failing.tokens) == 2
        once_each(world, 3)


def test_a_source_that_goes_on_to_say_401_stops_the_run_and_the_next_one_reads_all(
    tmp_path: Path,
) -> None:
    with a_world(tmp_path, vendors=3, bills=0) as world:
        vendors, _ = world.vendors_and_bills()
        failing = Failing(world, 401)

        stopped = work_on(started(vendors), patience_s=0.01)
        failing.left = 0
        done = work_on(started(vendors), patience_s=0.01)

        assert (stopped.state, stopped.read) == (Run.State.STOPPED, 0)
        assert stopped.message
        assert (done.state, done.delivered) == (Run.State.FINISHED, 3)
        once_each(world, 3)
        tells_no_secret(world, failing, stopped.message)
