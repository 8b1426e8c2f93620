"""connector.rekey.walk: everything that older keys sealed is sealed anew, and nothing is lost"""

from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from connector.audit.models import Entry
from connector.crypto import envelope
from connector.crypto.errors import CryptoError
from connector.crypto.keyring import Domain, get_keyring
from connector.flows.models import Delivery, Flow, Version
from connector.jobs.models import Job
from connector.jobs.queue import claim
from connector.jobs.running import RunningJob
from connector.rekey import columns, tasks, walk
from connector.rekey.models import Reseal
from connector.vault.models import CredentialVersion
from tests import keyrings
from tests.conftest import as_role

pytestmark = pytest.mark.django_db
RESEALED = (Domain.CONFIG, Domain.PAYLOAD, Domain.RECEIVER, Domain.VAULT)


def rotated(domain: Domain) -> None:
    """What a rotation leaves in the database; the caller holds the new keyring."""
    Reseal.objects.create(domain=domain, key_id=get_keyring().primary(domain).id)


def walked(domain: Domain) -> int:
    batches = 0
    while walk.batch(domain, actor="worker"):
        batches += 1
    return batches


def contents() -> dict[tuple[str, str], bytes]:
    """All sealed values in clear, by column and row."""
    found = {}
    for column in columns.every():
        if column.domain is Domain.VAULT:
            continue
        for row in column.model._default_manager.select_related(*column.related):
            blob = bytes(getattr(row, column.field))
            if blob:
                found[(column.name, str(row.pk))] = opened(column, row, blob)
    return found


def opened(column: columns.Sealed, row: Any, blob: bytes) -> bytes:
    """The plain bytes on their way through sealing anew."""
    plain: list[bytes] = []

    def caught(domain: Domain, clear: bytes, *, place: envelope.Place) -> bytes:
        plain.append(clear)
        return b""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(envelope, "seal", caught)
        column.again(row, blob)
    return plain[0]


def test_afterwards_all_opens_without_the_old_keys(flow: Flow) -> None:
    before = contents()

    with keyrings.holding("rotated"), as_role("worker"):
        for domain in RESEALED:
            rotated_by_owner(domain)
            walked(domain)
    with keyrings.holding("retired"):
        after = contents()

    assert after == before
    assert {name for name, _ in before} >= {
        "flows_version.sealed",
        "webhooks_endpoint.secret_sealed",
    }
    finished = Reseal.objects.exclude(finished_at=None)
    assert {row.domain for row in finished} == {domain.value for domain in RESEALED}
    assert sum(row.values for row in finished) == len(before) + CredentialVersion.objects.count()
    assert Entry.objects.filter(action="key.resealed").count() == len(RESEALED)


def rotated_by_owner(domain: Domain) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        rotated(domain)
        cursor.execute("SET ROLE connector_worker")


def test_what_does_not_open_is_left_as_it_is_and_counted(flow: Flow) -> None:
    broken = Delivery.objects.order_by("pk").first()
    assert broken
    blob = bytes(broken.source_key_sealed)[:-1] + b"\0"
    Delivery.objects.filter(pk=broken.pk).update(source_key_sealed=blob)

    with keyrings.holding("rotated"):
        rotated(Domain.PAYLOAD)
        walked(Domain.PAYLOAD)

    broken.refresh_from_db()
    row = Reseal.objects.get()
    assert bytes(broken.source_key_sealed) == blob
    assert (row.unreadable, row.finished_at is None) == (1, False)
    assert row.values > 0


def test_values_of_a_key_that_nobody_holds_are_not_touched(flow: Flow) -> None:
    before = list(Version.objects.values_list("sealed", flat=True))

    with keyrings.holding("other_box"):
        rotated(Domain.CONFIG)
        walked(Domain.CONFIG)

    assert [bytes(b) for b in Version.objects.values_list("sealed", flat=True)] == [
        bytes(b) for b in before
    ]
    assert Reseal.objects.get().values == 0


def test_small_batches_come_to_the_same_end(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "BATCH", 1)

    with keyrings.holding("rotated"):
        rotated(Domain.PAYLOAD)
        batches = walked(Domain.PAYLOAD)
        left = [c.name for c in columns.of(Domain.PAYLOAD) if c.naming(walk.old_keys(c.domain))]

    assert left == []
    assert batches > Reseal.objects.get().values


def test_a_job_waits_while_its_process_writes_under_another_key(flow: Flow) -> None:
    with keyrings.holding("rotated"):
        rotated(Domain.CONFIG)

    tasks.reseal({"domain": "config"}, RunningJob(1))

    row = Reseal.objects.get()
    assert (row.values, row.finished_at) == (0, None)
    assert Job.objects.get(kind="keys.reseal").state == Job.State.WAITING


def test_the_beat_takes_up_what_is_not_finished_and_a_job_ends_it(flow: Flow) -> None:
    with keyrings.holding("rotated"):
        rotated(Domain.CONFIG)
        tasks.beat()
        tasks.beat()
        (job,) = claim("me")
        tasks.reseal({"domain": "config"}, RunningJob(job.id))
        tasks.beat()

    assert Reseal.objects.get().finished_at
    assert Job.objects.filter(kind="keys.reseal").count() == 1


@pytest.mark.parametrize("role", ["web", "worker"])
@pytest.mark.parametrize(
    "change",
    [
        "number = 7",
        "sealed = sealed",
        "sealed = substring(sealed FROM 1 FOR 20) || '\\x00'::bytea",
        "sealed = '\\x0103aaaaaaaaaaaaaaaa00'::bytea, created_by = 'me'",
    ],
)
def test_a_version_can_be_sealed_anew_and_nothing_else(flow: Flow, role: str, change: str) -> None:
    with (
        as_role(role),
        pytest.raises(ProgrammingError, match=r"immutable|permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE flows_version SET {change}")


def test_old_keys_are_those_behind_the_first(flow: Flow) -> None:
    assert walk.old_keys(Domain.VAULT) == frozenset()
    with keyrings.holding("rotated"):
        old = walk.old_keys(Domain.VAULT)
    assert old == {k.id for k in keyrings.both().all_keys() if k.domain is Domain.VAULT}
    with keyrings.holding("retired"), pytest.raises(CryptoError):
        contents()
