"""connector.vault.open"""

import json
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db import connections as database

from connector.audit.actions import Action
from connector.audit.models import Entry
from connector.crypto import vault_box
from connector.crypto.errors import Forgotten
from connector.crypto.secret import Secret
from connector.vault import change_over, store
from connector.vault import open as opening
from connector.vault.errors import CredentialGone, CredentialRefused
from connector.vault.models import Credential, CredentialVersion, Opening
from connector.vault.open import Opened, open_credential
from connector.vault.trail import subject
from tests.conftest import as_role

pytestmark = pytest.mark.django_db
State = CredentialVersion.State
HOSTS = ("api.bill.com", "sign-in.bill.com")
SECRET = "s3cr3t-of-the-test"


def a_credential(text: str = SECRET, system: str = "bill") -> Credential:
    return store.create(
        label="Bill", system=system, hosts=HOSTS, fields={"api_key": Secret(text)}, actor="omar"
    )


def opened(
    credential: Credential,
    *,
    purpose: str = "test",
    system: str = "bill",
    hosts: Any = HOSTS,
    pending: CredentialVersion | None = None,
) -> str:
    """What the field said while it was open."""
    with open_credential(
        credential.pk,
        purpose=purpose,
        actor="worker",
        system=system,
        hosts=hosts,
        pending=pending.pk if pending else None,
    ) as result:
        return result.fields["api_key"].reveal()


def an_opening(
    credential: Credential, hosts: tuple[str, ...] = HOSTS
) -> AbstractContextManager[Opened]:
    return open_credential(
        credential.pk, purpose="test", actor="worker", system="bill", hosts=hosts
    )


def actions() -> list[str]:
    return list(Entry.objects.order_by("number").values_list("action", flat=True))


def put(version: CredentialVersion, **fields: object) -> None:
    """Change a row as somebody would who can write to the database past its guards."""
    with database["default"].cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("ALTER TABLE vault_credentialversion DISABLE TRIGGER USER")
        try:
            CredentialVersion.objects.filter(pk=version.pk).update(**fields)
        finally:
            cursor.execute("ALTER TABLE vault_credentialversion ENABLE TRIGGER USER")
            for trigger in (
                "vault_version_moves_on",
                "vault_version_arrives",
                "vault_version_no_delete",
            ):
                cursor.execute(
                    f"ALTER TABLE vault_credentialversion ENABLE ALWAYS TRIGGER {trigger}"
                )
            cursor.execute("SET session_replication_role = origin")


def a_pending(credential: Credential, text: str = "new") -> CredentialVersion:
    store.rotate(credential, {"api_key": Secret(text)}, actor="omar")
    version = store.pending(credential.pk)
    assert version is not None
    return version


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Counts what reaches the vault's cryptography."""
    seen: list[str] = []

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            seen.append(name)
            return real(*args, **more)

        return call

    for name in ("open_box", "rewrap"):
        monkeypatch.setattr(vault_box, name, counted(name, getattr(vault_box, name)))
    return seen


def test_the_entry_says_for_what_it_was_opened_before_it_is(opens: list[str]) -> None:
    credential = a_credential()

    opened(credential, purpose="run:1")

    entry = Entry.objects.filter(action=Action.CREDENTIAL_OPENED).get()
    assert json.loads(entry.facts)["purpose"] == "run:1"
    assert opens == ["open_box", "rewrap"]


def test_no_audit_entry_no_decryption(opens: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    credential = a_credential()

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("the audit log takes nothing")

    monkeypatch.setattr("connector.audit.log.record", fails)
    with pytest.raises(RuntimeError, match="takes nothing"):
        opened(credential)

    assert opens == []
    assert Credential.objects.get().last_used_at is None


def test_the_entry_stays_even_if_the_caller_fails(opens: list[str]) -> None:
    credential = a_credential()

    with (
        pytest.raises(ZeroDivisionError),
        open_credential(credential.pk, purpose="run:1", actor="worker", system="bill", hosts=HOSTS),
    ):
        raise ZeroDivisionError

    assert Action.CREDENTIAL_OPENED in actions()


def test_each_opening_is_recorded_and_nothing_is_cached(opens: list[str]) -> None:
    credential = a_credential()

    for _ in range(3):
        opened(credential)

    assert actions().count(Action.CREDENTIAL_OPENED) == 3
    assert opens.count("open_box") == 3


def test_the_first_use_adopts_and_later_ones_do_not() -> None:
    credential = a_credential()
    assert not vault_box.is_wrapped(bytes(credential.versions.get().sealed))

    opened(credential)
    wrapped = bytes(credential.versions.get().sealed)
    opened(credential)

    assert vault_box.is_wrapped(wrapped)
    assert bytes(credential.versions.get().sealed) == wrapped
    assert actions().count(Action.CREDENTIAL_ADOPTED) == 1
    assert Credential.objects.get().last_used_at is not None


def test_what_was_adopted_never_comes_back_as_web_seals_it(opens: list[str]) -> None:
    credential = a_credential()
    unwrapped = bytes(credential.versions.get().sealed)
    opened(credential)
    opens.clear()
    put(credential.versions.get(), sealed=unwrapped)

    with pytest.raises(CredentialRefused):
        opened(credential)

    assert opens == []
    assert actions()[-1] == Action.CREDENTIAL_REFUSED


@pytest.mark.parametrize("used_before", [False, True])
def test_sealed_bytes_of_another_row_are_refused(used_before: bool) -> None:
    mine, other = a_credential("mine"), a_credential("other")
    if used_before:
        opened(mine)
        opened(other)
    put(mine.versions.get(), sealed=bytes(other.versions.get().sealed))

    with pytest.raises(CredentialRefused) as refused:
        opened(mine)

    assert "other" not in str(refused.value)
    assert opened(other) == "other"


def test_the_bytes_of_an_older_version_are_refused() -> None:
    credential = a_credential("old")
    old = bytes(credential.versions.get().sealed)
    new = a_pending(credential)
    put(new, sealed=old)

    with pytest.raises(CredentialRefused):
        opened(credential, pending=new)


@pytest.mark.parametrize("change", [b"", b"\x01", b"planted bytes" * 20])
def test_bytes_that_nobody_sealed_are_refused_and_stay_where_they_are(change: bytes) -> None:
    credential = a_credential()
    version = credential.versions.get()
    planted = change or bytes(version.sealed)[:-1] + b"\x00"
    put(version, sealed=planted)

    with pytest.raises(CredentialRefused):
        opened(credential)

    assert bytes(credential.versions.get().sealed) == planted


@pytest.mark.parametrize(
    ("system", "hosts"),
    [
        ("netsuite", HOSTS),
        ("bill", ("evil.example",)),
        ("bill", (*HOSTS, "evil.example")),
        ("bill", ("api.bill.com.evil.example",)),
        ("bill", ("api.bill.com:8443",)),
    ],
)
def test_another_system_or_host_gets_nothing(system: str, hosts: tuple[str, ...]) -> None:
    credential = a_credential()

    with pytest.raises(CredentialRefused):
        opened(credential, system=system, hosts=hosts)

    assert actions()[-2:] == [Action.CREDENTIAL_OPENED, Action.CREDENTIAL_REFUSED]
    assert Credential.objects.get().last_used_at is None
    assert not credential.versions.get().adopted


def test_fewer_hosts_than_it_was_sealed_for_are_fine() -> None:
    with an_opening(a_credential(), hosts=HOSTS[:1]) as result:
        assert result.hosts == HOSTS


@pytest.mark.parametrize("table", ["credential", "version"])
def test_hosts_changed_in_the_row_open_nothing(table: str) -> None:
    credential = a_credential()
    version = credential.versions.get()
    if table == "version":
        put(version, hosts=[*HOSTS, "evil.example"])
    Credential.objects.filter(pk=credential.pk).update(hosts=[*HOSTS, "evil.example"])

    with pytest.raises(CredentialRefused):
        opened(credential, hosts=("evil.example",))


def test_a_system_changed_in_the_row_opens_nothing() -> None:
    credential = a_credential()
    Credential.objects.filter(pk=credential.pk).update(system="netsuite")

    with pytest.raises(CredentialRefused):
        opened(credential, system="netsuite")


def test_an_older_version_put_back_is_refused() -> None:
    credential = a_credential("old")
    old = credential.versions.get()
    before = bytes(old.sealed)
    store.replace(credential, hosts=HOSTS, fields={"api_key": Secret("new")}, actor="omar")
    put(credential.versions.get(number=2), state=State.SHREDDED, sealed=b"")
    put(old, state=State.CURRENT, sealed=before)

    with pytest.raises(CredentialRefused):
        opened(credential)
    put(old, state=State.PENDING)
    with pytest.raises(CredentialRefused):
        opened(credential, pending=old)

    assert actions().count(Action.CREDENTIAL_REFUSED) == 2


def test_a_refusal_names_the_credential_and_shows_no_secret_and_no_cause() -> None:
    credential = a_credential()
    put(credential.versions.get(), sealed=b"planted" * 40)

    with pytest.raises(CredentialRefused) as refused:
        opened(credential)

    assert "Bill" in refused.value.message
    assert "Enter the credential again" in refused.value.message
    assert SECRET not in f"{refused.value!r} {refused.value.__dict__}"
    assert refused.value.__suppress_context__


def test_what_is_opened_shows_itself_to_nobody() -> None:
    credential = a_credential()

    with an_opening(credential) as result:
        assert SECRET not in f"{result!r} {result} {result.fields}"
        with pytest.raises(TypeError):
            pickle.dumps(result)
        with pytest.raises(TypeError):
            pickle.dumps(dict(result.fields))


@pytest.mark.parametrize("fails", [False, True])
def test_after_its_block_it_reveals_nothing(fails: bool) -> None:
    credential = a_credential()

    with suppress(ZeroDivisionError), an_opening(credential) as result:
        kept = result.fields["api_key"]
        assert kept.reveal() == SECRET
        if fails:
            raise ZeroDivisionError

    for ask in (kept.reveal, kept.reveal_bytes, result.fields["api_key"].reveal):
        with pytest.raises(Forgotten) as refused:
            ask()
        assert SECRET not in str(refused.value)


def test_a_run_of_many_slices_is_written_down_once_for_each_version(opens: list[str]) -> None:
    credential = a_credential()
    new = a_pending(credential)

    for purpose in ("run:1", "run:1", "run:2", "run:1"):
        opened(credential, purpose=purpose)
    change_over.put_in_use(new.pk, actor="worker", reason="its test passed")
    for _ in range(2):
        opened(credential, purpose="run:1")

    entries = Entry.objects.filter(action=Action.CREDENTIAL_OPENED).order_by("number")
    facts = [json.loads(text) for text in entries.values_list("facts", flat=True)]
    assert [(one["purpose"], one["version"]) for one in facts] == [
        ("run:1", 1),
        ("run:2", 1),
        ("run:1", 2),
    ]
    assert opens.count("open_box") == 6


@pytest.mark.django_db(transaction=True)
def test_of_one_run_at_eight_workers_one_entry_is_written() -> None:
    credential = a_credential()

    def one(_: int) -> str:
        try:
            return opened(credential, purpose="run:1")
        finally:
            database.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(16))) == {SECRET}

    assert actions().count(Action.CREDENTIAL_OPENED) == 1


def test_web_cannot_say_that_an_opening_was_written_down() -> None:
    version = a_credential().versions.get()

    with as_role("web"), pytest.raises(DatabaseError), transaction.atomic():
        Opening.objects.create(version=version, purpose="run:1")


def test_a_pending_version_is_opened_only_where_it_is_asked_for() -> None:
    credential = a_credential("old")
    new = a_pending(credential)

    assert opened(credential) == "old"
    assert opened(credential, pending=new) == "new"
    assert opened(credential) == "old"
    with pytest.raises(CredentialGone):
        opened(credential, pending=credential.versions.get(number=1))


def test_a_pending_version_made_current_past_the_worker_is_refused() -> None:
    credential = a_credential("old")
    new = a_pending(credential)
    opened(credential, pending=new)
    put(credential.versions.get(number=1), state=State.SHREDDED, sealed=b"")
    put(new, state=State.CURRENT)

    with pytest.raises(CredentialRefused):
        opened(credential)

    assert actions()[-1] == Action.CREDENTIAL_REFUSED


def test_an_entry_that_nobody_with_the_key_wrote_proves_nothing() -> None:
    credential = a_credential("old")
    new = a_pending(credential)
    put(credential.versions.get(number=1), state=State.SHREDDED, sealed=b"")
    put(new, state=State.CURRENT)
    Entry.objects.create(
        action=Action.CREDENTIAL_ROTATED,
        actor="worker",
        subject=subject(credential.pk),
        facts='{"version": 2}',
        key_id=Entry.objects.latest("number").key_id,
        mac=b"m" * 32,
    )

    with pytest.raises(CredentialRefused):
        opened(credential)


def test_where_the_log_no_longer_reaches_back_the_row_decides() -> None:
    credential = a_credential()
    with database["default"].cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM audit_entry")
        cursor.execute(
            "SELECT tgname FROM pg_trigger"
            " WHERE tgrelid = 'audit_entry'::regclass AND NOT tgisinternal"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER {name}")

    assert opened(credential) == SECRET


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_open_it_and_adopt_it_once() -> None:
    credential = a_credential()

    def one(_: int) -> str:
        try:
            return opened(credential)
        finally:
            database.close_all()

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(one, range(16)))

    assert seen == {SECRET}
    assert actions().count(Action.CREDENTIAL_OPENED) == 16
    assert actions().count(Action.CREDENTIAL_ADOPTED) == 1


def test_a_replacement_in_the_middle_of_an_opening_stays_shredded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    credential = a_credential("old")
    real = opening._adopt

    def late(version: CredentialVersion, *, actor: str) -> None:
        store.replace(credential, hosts=HOSTS, fields={"api_key": Secret("new")}, actor="omar")
        real(version, actor=actor)

    monkeypatch.setattr(opening, "_adopt", late)
    opened(credential)
    monkeypatch.undo()

    assert [v.state for v in credential.versions.order_by("number")] == [
        State.SHREDDED,
        State.CURRENT,
    ]
    assert bytes(credential.versions.get(number=1).sealed) == b""
    assert opened(credential) == "new"


def test_a_credential_deleted_before_is_gone_and_leaves_no_entry_of_an_opening() -> None:
    credential = a_credential()
    store.delete(credential, actor="omar")

    with pytest.raises(CredentialGone):
        opened(credential)

    assert Action.CREDENTIAL_OPENED not in actions()
