"""connector.flows.trial: the test of a connection, against a real server"""

import json
from collections.abc import Iterator
from unittest import mock

import pytest
from pytest_django import Settings

from connector.audit.models import Entry
from connector.crypto import envelope
from connector.crypto.keyring import Domain
from connector.crypto.secret import Secret
from connector.flows import connections, trial
from connector.flows.models import Connection
from connector.jobs.models import Job
from connector.jobs.registry import entry
from connector.jobs.running import RunningJob
from connector.systems import uploaded
from connector.systems.hosts import Hosts
from connector.vault import store
from tests.conftest import as_role
from tests.fakes.server import Fake
from tests.fakes.supply_desk import DESCRIPTION, Desk, supply_desk

pytestmark = pytest.mark.django_db
FIRST, SECOND = "key-of-the-first-year", "key-of-the-second-year"


@pytest.fixture
def desk() -> Iterator[tuple[Desk, Fake]]:
    with supply_desk(FIRST) as both:
        yield both


@pytest.fixture
def row(desk: tuple[Desk, Fake]) -> Connection:
    uploaded.save(DESCRIPTION, filename="supply_desk.yaml", actor="omar")
    return connections.create(
        slug="desk",
        title="Desk",
        system="supply_desk",
        settings={"url": desk[1].url},
        secrets={"api_key": Secret(FIRST)},
        actor="omar",
    )


def after_a_test(row: Connection) -> tuple[str, list[str]]:
    """Test as the worker does; answer the health and the states of the versions."""
    with as_role("worker"):
        trial.test(Connection.objects.get(pk=row.pk))
    row.refresh_from_db()
    assert row.credential is not None
    return row.health, list(
        row.credential.versions.order_by("number").values_list("state", flat=True)
    )


def rotate(row: Connection, key: str = SECOND) -> None:
    connections.change(row, secrets={"api_key": Secret(key)}, actor="omar")


def keys_asked(fake: Fake) -> list[str]:
    return [asked.headers["x-api-key"] for asked in fake.asked]


def test_a_first_credential_is_in_use_before_its_test(row: Connection) -> None:
    assert row.credential is not None
    assert row.credential.versions.get().state == "current"
    assert after_a_test(row) == ("ok", ["current"])


def test_a_new_version_that_passes_is_in_use(row: Connection, desk: tuple[Desk, Fake]) -> None:
    rotate(row)
    desk[0].key = SECOND

    assert after_a_test(row) == ("ok", ["shredded", "current"])
    assert keys_asked(desk[1]) == [SECOND]


def test_a_new_version_that_fails_waits_with_the_reason_and_the_old_one_is_in_use(
    row: Connection, desk: tuple[Desk, Fake]
) -> None:
    rotate(row, "a-mistyped-key")

    assert after_a_test(row) == ("ok", ["current", "pending"])
    assert keys_asked(desk[1]) == ["a-mistyped-key", FIRST]
    assert row.credential is not None
    version = store.pending(row.credential.pk)
    assert version is not None and version.tested_at is not None
    assert version.problem and "a-mistyped-key" not in version.problem
    assert row.health_message == ""
    assert "mistyped" not in "".join(Entry.objects.values_list("facts", flat=True))


def test_it_may_be_tried_again(row: Connection, desk: tuple[Desk, Fake]) -> None:
    rotate(row)
    assert after_a_test(row) == ("ok", ["current", "pending"])
    desk[0].key = SECOND

    assert after_a_test(row) == ("ok", ["shredded", "current"])


def test_where_both_fail_the_connection_fails(row: Connection, desk: tuple[Desk, Fake]) -> None:
    rotate(row)
    desk[0].key = "neither"

    assert after_a_test(row) == ("failing", ["current", "pending"])
    assert row.health_message


def test_what_is_dropped_during_its_test_is_not_put_in_use(
    row: Connection, desk: tuple[Desk, Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    rotate(row)
    desk[0].key = SECOND
    real = trial._call

    def dropped_meanwhile(row: Connection, **more: object) -> trial.Result:
        result = real(row, **more)  # type: ignore[arg-type]
        if more:
            assert row.credential is not None
            with as_role("web"):
                store.drop(row.credential, actor="omar")
            desk[0].key = FIRST
        return result

    monkeypatch.setattr(trial, "_call", dropped_meanwhile)

    health, states = after_a_test(row)

    assert (health, states) == ("ok", ["current", "shredded"])
    assert keys_asked(desk[1]) == [SECOND, FIRST]


def test_it_is_used_anyway_when_somebody_asks_and_tested_then(
    row: Connection, desk: tuple[Desk, Fake]
) -> None:
    rotate(row)
    assert after_a_test(row) == ("ok", ["current", "pending"])
    with as_role("web"):
        connections.ask_use(Connection.objects.get(pk=row.pk), actor="mara")
    job = Job.objects.get(kind="vault.use")

    with as_role("worker"):
        entry(job.kind)(job.args, RunningJob(job.pk))

    row.refresh_from_db()
    assert row.health == Connection.Health.FAILING
    assert row.test_asked_at and row.checked_at and row.checked_at > row.test_asked_at
    assert row.credential is not None
    assert row.credential.versions.get(state="current").number == 2
    rotation = Entry.objects.get(action="credential.rotated")
    assert rotation.actor == "mara"
    assert json.loads(rotation.facts)["reason"] == "used without a test"
    with as_role("worker"):
        entry(job.kind)(job.args, RunningJob(job.pk))  # once more changes nothing
    assert Entry.objects.filter(action="credential.rotated").count() == 1


def test_after_its_credential_was_deleted_a_connection_says_what_is_missing(
    row: Connection, desk: tuple[Desk, Fake]
) -> None:
    with as_role("web"):
        connections.delete_credential(row, actor="omar")
    row.refresh_from_db()
    assert row.credential is None
    assert row.health == Connection.Health.UNKNOWN
    assert "deleted" in row.health_message

    with as_role("worker"):
        trial.test(row)

    assert row.health == Connection.Health.FAILING
    assert "Enter one" in row.health_message
    assert desk[1].asked == []
    connections.change(row, secrets={"api_key": Secret(FIRST)}, actor="omar")
    assert after_a_test(row) == ("ok", ["current"])


@pytest.mark.parametrize("named", [[], ["127.0.0.0/8"]])
def test_a_call_inside_the_own_network_is_shown_and_audited(
    row: Connection, settings: Settings, named: list[str]
) -> None:
    settings.CONNECTOR_ALLOWED_PRIVATE_HOSTS = named
    settings.CONNECTOR_ALLOW_LOOPBACK = not named

    # plain http is for a practice box alone, so that the call inside is made by a guard of its own
    with mock.patch("connector.systems.client.Hosts", _plain):
        assert after_a_test(row)[0] == "ok"

    facts = json.loads(Entry.objects.filter(action="connection.tested").latest("number").facts)
    assert facts.get("inside", "") == (row.hosts[0] if named else "")
    account = envelope.open_json(Domain.CONFIG, bytes(row.account_sealed), place=row.account_place)
    assert (trial.INSIDE in account) is bool(named)


def _plain(names: tuple[str, ...], bound: tuple[str, ...], system: str, _: bool) -> Hosts:
    return Hosts(names, bound, system, loopback=True)
