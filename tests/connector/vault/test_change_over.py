"""connector.vault.change_over"""

import json
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from connector.audit.actions import Action
from connector.audit.models import Entry
from connector.crypto.secret import Secret
from connector.vault import change_over, store
from connector.vault.models import Credential, CredentialVersion
from connector.vault.open import open_credential
from connector.vault.trail import subject
from tests.conftest import as_role

pytestmark = pytest.mark.django_db
State = CredentialVersion.State
HOSTS = ("api.bill.com",)


def rotated() -> tuple[Credential, CredentialVersion]:
    """A credential that was used, and its new version."""
    credential = store.create(
        label="Bill", system="bill", hosts=HOSTS, fields={"key": Secret("old")}, actor="omar"
    )
    assert used(credential) == "old"
    store.rotate(credential, {"key": Secret("new")}, actor="omar")
    version = store.pending(credential.pk)
    assert version is not None
    return credential, version


def used(credential: Credential) -> str:
    with open_credential(
        credential.pk, purpose="run:1", actor="worker", system="bill", hosts=HOSTS
    ) as opened:
        return opened.fields["key"].reveal()


def states(credential: Credential) -> list[str]:
    return list(credential.versions.order_by("number").values_list("state", flat=True))


def last_facts(credential: Credential, action: Action) -> dict[str, Any]:
    found = Entry.objects.filter(subject=subject(credential.pk), action=action)
    return dict(json.loads(found.latest("number").facts))


def test_a_passed_test_puts_it_in_use_and_shreds_the_old_one() -> None:
    credential, version = rotated()

    with as_role("worker"):
        assert change_over.put_in_use(version.pk, actor="worker", reason="its test passed")

    assert states(credential) == [State.SHREDDED, State.CURRENT]
    old = credential.versions.get(number=1)
    assert bytes(old.sealed) == b"" and old.shredded_at is not None
    assert last_facts(credential, Action.CREDENTIAL_ROTATED) == {
        "label": "Bill",
        "version": 2,
        "reason": "its test passed",
    }
    assert used(credential) == "new"


def test_who_opened_the_old_one_finishes_with_it() -> None:
    credential, version = rotated()

    with open_credential(
        credential.pk, purpose="run:1", actor="worker", system="bill", hosts=HOSTS
    ) as opened:
        change_over.put_in_use(version.pk, actor="worker", reason="its test passed")
        assert opened.fields["key"].reveal() == "old"
    assert used(credential) == "new"


def test_a_failed_test_leaves_it_pending_with_the_reason() -> None:
    credential, version = rotated()

    with as_role("worker"):
        change_over.note_failure(version.pk, "It did not accept the key.", actor="worker")

    version.refresh_from_db()
    assert (version.state, version.problem) == (State.PENDING, "It did not accept the key.")
    assert version.tested_at is not None
    assert used(credential) == "old"
    assert last_facts(credential, Action.CREDENTIAL_TEST_FAILED)["version"] == 2


@pytest.mark.parametrize("gone", ["dropped", "entered again", "deleted", "in use"])
def test_what_is_not_pending_any_more_changes_nothing(gone: str) -> None:
    credential, version = rotated()
    if gone == "dropped":
        store.drop(credential, actor="omar")
    elif gone == "entered again":
        store.rotate(credential, {"key": Secret("newer")}, actor="omar")
    elif gone == "deleted":
        store.delete(credential, actor="omar")
    else:
        change_over.put_in_use(version.pk, actor="worker", reason="its test passed")
    before, entries = states(credential), Entry.objects.count()

    change_over.note_failure(version.pk, "no", actor="worker")

    assert not change_over.put_in_use(version.pk, actor="worker", reason="its test passed")
    assert (states(credential), Entry.objects.count()) == (before, entries)


@pytest.mark.parametrize(
    "change",
    [
        {"state": State.CURRENT},
        {"tested_at": "2026-11-25T08:00:00Z"},
        {"problem": "all is well"},
        {"reminded": "old"},
        {"adopted": True},
        {"sealed": b"planted"},
        {"number": 9},
    ],
)
def test_web_changes_nothing_that_is_the_workers_to_say(change: dict[str, object]) -> None:
    credential, version = rotated()
    credential.versions.filter(number=1).update(state=State.SHREDDED, sealed=b"")

    with as_role("web"), pytest.raises(DatabaseError), transaction.atomic():
        CredentialVersion.objects.filter(pk=version.pk).update(**change)

    version.refresh_from_db()
    assert version.state == State.PENDING


@pytest.mark.parametrize("role", ["web", "worker"])
@pytest.mark.parametrize(
    ("number", "to"), [(1, State.PENDING), (1, "superseded"), (2, State.SHREDDED)]
)
def test_no_role_moves_a_version_back_or_leaves_bytes_in_a_shredded_one(
    role: str, number: int, to: str
) -> None:
    credential, version = rotated()

    with as_role(role), pytest.raises(DatabaseError), transaction.atomic():
        credential.versions.filter(number=number).update(state=to)

    version.refresh_from_db()
    assert states(credential) == [State.CURRENT, State.PENDING]


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": State.CURRENT},
        {"state": State.SHREDDED, "sealed": b""},
        {"state": State.PENDING, "adopted": True},
        {"state": State.PENDING, "number": 2},
    ],
)
def test_a_version_planted_by_web_waits_its_turn(wrong: dict[str, Any]) -> None:
    credential, _ = rotated()
    store.drop(credential, actor="omar")
    row = credential.versions.get(number=1)
    planted = {"number": 3, "sealed": bytes(row.sealed), **wrong}

    with as_role("web"), pytest.raises(DatabaseError), transaction.atomic():
        CredentialVersion.objects.create(
            credential=credential,
            hosts=row.hosts,
            fingerprint="f",
            created_by="web",
            **planted,
        )

    assert states(credential) == [State.CURRENT, State.SHREDDED]
