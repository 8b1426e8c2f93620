"""connector.vault.open"""

import json
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections as database

from connector.audit.actions import Action
from connector.audit.models import Entry
from connector.crypto import vault_box
from connector.crypto.secret import Secret
from connector.vault import open as opening
from connector.vault import store
from connector.vault.errors import CredentialGone, CredentialRefused
from connector.vault.models import Credential, CredentialVersion
from connector.vault.open import Opened, open_credential

pytestmark = pytest.mark.django_db(transaction=True)
State = CredentialVersion.State
HOSTS = ("api.bill.com", "sign-in.bill.com")
SECRET = "s3cr3t-of-the-test"


def a_credential(text: str = SECRET, system: str = "bill") -> Credential:
    return store.create(
        label="Bill", system=system, hosts=HOSTS, fields={"api_key": Secret(text)}, actor="omar"
    )


def opened(credential: Credential, *, system: str = "bill", hosts: Any = HOSTS) -> Opened:
    with open_credential(
        credential.pk, purpose="run:1", actor="worker", system=system, hosts=hosts
    ) as result:
        return result


def actions() -> list[str]:
    return list(Entry.objects.order_by("number").values_list("action", flat=True))


def put(version: CredentialVersion, **fields: object) -> None:
    """Change a row as somebody would who can write to the database past its guards."""
    with database["default"].cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("ALTER TABLE vault_credentialversion DISABLE TRIGGER USER")
        try:
            CredentialVersion.objects.filter(pk=version.pk).update(**fields)
        finally:
            cursor.execute("ALTER TABLE vault_credentialversion ENABLE TRIGGER USER")
            for trigger in ("vault_version_moves_on", "vault_version_no_delete"):
                cursor.execute(
                    f"ALTER TABLE vault_credentialversion ENABLE ALWAYS TRIGGER {trigger}"
                )
            cursor.execute("SET session_replication_role = origin")


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

    opened(credential)

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
    assert opened(other).fields["api_key"].reveal() == "other"


def test_an_older_version_of_the_same_credential_is_refused() -> None:
    credential = a_credential("old")
    old = bytes(credential.versions.get().sealed)
    store.rotate(credential, {"api_key": Secret("new")}, actor="omar")
    put(credential.versions.get(number=2), sealed=old)

    with pytest.raises(CredentialRefused):
        opened(credential)


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
    assert opened(a_credential(), hosts=HOSTS[:1]).hosts == HOSTS


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


def test_a_superseded_version_made_current_again_is_refused() -> None:
    credential = a_credential("old")
    store.rotate(credential, {"api_key": Secret("new")}, actor="omar")
    old, new = credential.versions.order_by("number")
    put(new, state=State.SUPERSEDED)
    put(old, state=State.CURRENT)

    with pytest.raises(CredentialRefused):
        opened(credential)


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
    result = opened(a_credential())

    assert SECRET not in f"{result!r} {result} {result.fields}"
    with pytest.raises(TypeError):
        pickle.dumps(result)
    with pytest.raises(TypeError):
        pickle.dumps(dict(result.fields))


def test_eight_workers_at_once_open_it_and_adopt_it_once() -> None:
    credential = a_credential()

    def one(_: int) -> str:
        try:
            return opened(credential).fields["api_key"].reveal()
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
    assert opened(credential).fields["api_key"].reveal() == "new"


def test_a_credential_deleted_before_is_gone_and_leaves_no_entry_of_an_opening() -> None:
    credential = a_credential()
    store.delete(credential, actor="omar")

    with pytest.raises(CredentialGone):
        opened(credential)

    assert Action.CREDENTIAL_OPENED not in actions()
