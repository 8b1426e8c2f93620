"""connector.vault.store"""

import json
import pickle
from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from connector.audit.actions import Action
from connector.audit.models import Entry
from connector.crypto.secret import Secret
from connector.vault import store
from connector.vault.errors import BadFields, CredentialGone, CredentialRefused, NothingPending
from connector.vault.models import Credential, CredentialVersion
from connector.vault.open import open_credential
from connector.vault.trail import subject
from tests.conftest import as_role
from tests.keyrings import holding

pytestmark = pytest.mark.django_db
State = CredentialVersion.State
HOSTS = ("api.bill.com",)
SECRET = "s3cr3t-of-the-test"


def created(**fields: str) -> Credential:
    return store.create(
        label="Bill",
        system="bill",
        hosts=HOSTS,
        fields=secrets_of(**(fields or {"api_key": SECRET})),
        actor="omar",
    )


def secrets_of(**fields: str) -> dict[str, Secret]:
    return {name: Secret(text) for name, text in fields.items()}


def states(credential: Credential) -> list[tuple[int, str]]:
    return list(credential.versions.order_by("number").values_list("number", "state"))


def revealed(credential: Credential, hosts: tuple[str, ...] = HOSTS) -> dict[str, str]:
    with open_credential(
        credential.pk, purpose="test", actor="worker", system="bill", hosts=hosts
    ) as opened:
        return {name: secret.reveal() for name, secret in opened.fields.items()}


def actions_of(credential: Credential) -> list[str]:
    entries = Entry.objects.filter(subject=subject(credential.pk)).order_by("number")
    return list(entries.values_list("action", flat=True))


def everything_stored() -> bytes:
    """Every row of the vault and of the audit log, as the database keeps them."""
    kept = b""
    with connection.cursor() as cursor:
        for table in ("vault_credential", "vault_credentialversion", "audit_entry"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            for (text,) in cursor.fetchall():
                kept += text.encode()
                for part in text.split('"'):
                    if part.startswith("\\\\x"):
                        kept += bytes.fromhex(part[3:])
    return kept


def test_what_was_created_opens_and_stands_nowhere_in_clear() -> None:
    credential = created()

    assert SECRET.encode() not in everything_stored()
    assert revealed(credential) == {"api_key": SECRET}
    assert SECRET.encode() not in everything_stored()
    assert states(credential) == [(1, State.CURRENT)]


def test_a_secret_is_in_no_text_of_its_rows_and_entries() -> None:
    credential = created()
    version = credential.versions.get()

    shown = f"{credential} {credential!r} {version} {version!r}"
    shown += "".join(f"{entry} {entry.facts}" for entry in Entry.objects.all())

    assert SECRET not in shown
    assert SECRET.encode() not in pickle.dumps([credential, version])


def test_two_equal_secrets_have_one_fingerprint_and_other_bytes() -> None:
    first, second = created(), created()
    other = created(api_key="another")
    one, two, three = (c.versions.get() for c in (first, second, other))

    assert one.fingerprint == two.fingerprint != three.fingerprint
    assert bytes(one.sealed) != bytes(two.sealed)


def test_a_rotation_waits_and_the_old_version_stays_in_use() -> None:
    credential = created()

    store.rotate(credential, secrets_of(api_key="new"), actor="omar")

    assert states(credential) == [(1, State.CURRENT), (2, State.PENDING)]
    assert revealed(credential) == {"api_key": SECRET}
    assert Action.CREDENTIAL_ENTERED in actions_of(credential)


def test_many_rotations_in_a_row_leave_one_pending_version() -> None:
    credential = created()

    for number in range(4):
        store.rotate(credential, secrets_of(api_key=f"new {number}"), actor="omar")

    assert [state for _, state in states(credential)] == [
        State.CURRENT,
        *[State.SHREDDED] * 3,
        State.PENDING,
    ]
    assert revealed(credential) == {"api_key": SECRET}


def test_a_rotation_where_nothing_is_in_use_is_in_use_at_once() -> None:
    credential = created()
    credential.versions.update(state=State.SHREDDED, sealed=b"")

    store.rotate(credential, secrets_of(api_key="new"), actor="omar")

    assert states(credential) == [(1, State.SHREDDED), (2, State.CURRENT)]
    assert revealed(credential) == {"api_key": "new"}


def test_a_pending_version_is_dropped_and_the_one_in_use_stays() -> None:
    credential = created()
    store.rotate(credential, secrets_of(api_key="new"), actor="omar")

    store.drop(credential, actor="ruth")

    assert states(credential) == [(1, State.CURRENT), (2, State.SHREDDED)]
    assert bytes(credential.versions.get(number=2).sealed) == b""
    assert actions_of(credential)[-1] == Action.CREDENTIAL_DROPPED
    with pytest.raises(NothingPending):
        store.drop(credential, actor="ruth")
    with pytest.raises(NothingPending):
        store.ask_use(credential, actor="ruth")


def test_the_day_until_which_it_works_is_of_the_version() -> None:
    credential = created()
    store.set_expiry(credential, date(2097, 3, 1), actor="ruth")
    store.set_expiry(credential, date(2097, 3, 1), actor="ruth")
    store.rotate(credential, secrets_of(api_key="new"), expires_on=date(2098, 3, 1), actor="omar")

    days = list(credential.versions.order_by("number").values_list("expires_on", flat=True))
    assert days == [date(2097, 3, 1), date(2098, 3, 1)]
    assert actions_of(credential).count(Action.CREDENTIAL_EXPIRY_SET) == 1


def test_a_replacement_shreds_everything_older_at_once_and_moves_the_hosts() -> None:
    credential = created()
    store.rotate(credential, secrets_of(api_key="second"), actor="omar")

    store.replace(
        credential, hosts=["b.example", "a.example"], fields=secrets_of(k="third"), actor="omar"
    )

    assert [state for _, state in states(credential)] == [
        State.SHREDDED,
        State.SHREDDED,
        State.CURRENT,
    ]
    assert Credential.objects.get().hosts == ["a.example", "b.example"]
    assert revealed(credential, ("a.example",)) == {"k": "third"}


def test_a_deleted_credential_is_shredded_and_takes_no_change_any_more() -> None:
    credential = created()
    store.rotate(credential, secrets_of(api_key="second"), actor="omar")

    store.delete(credential, actor="omar")

    assert {state for _, state in states(credential)} == {State.SHREDDED}
    assert {bytes(sealed) for sealed in credential.versions.values_list("sealed", flat=True)} == {
        b""
    }
    with pytest.raises(CredentialGone):
        store.rotate(credential, secrets_of(api_key="x"), actor="omar")
    with pytest.raises(CredentialGone):
        store.replace(credential, hosts=HOSTS, fields=secrets_of(api_key="x"), actor="omar")
    with pytest.raises(CredentialGone):
        store.delete(credential, actor="omar")
    with pytest.raises(CredentialGone):
        revealed(credential)


def test_every_change_is_recorded_with_who_did_it() -> None:
    credential = created()
    store.rotate(credential, secrets_of(api_key="2"), actor="ruth")
    store.replace(credential, hosts=HOSTS, fields=secrets_of(api_key="3"), actor="olga")
    store.delete(credential, actor="otto")

    entries = Entry.objects.filter(subject=subject(credential.pk)).order_by("number")

    assert list(entries.values_list("action", "actor")) == [
        (Action.CREDENTIAL_CREATED, "omar"),
        (Action.CREDENTIAL_ENTERED, "ruth"),
        (Action.CREDENTIAL_REPLACED, "olga"),
        (Action.CREDENTIAL_DELETED, "otto"),
    ]


def test_a_change_whose_entry_fails_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    credential = created()

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("no audit log")

    monkeypatch.setattr("connector.audit.log.record", fails)
    changes: list[Callable[[], object]] = [
        lambda: created(),
        lambda: store.rotate(credential, secrets_of(api_key="2"), actor="omar"),
        lambda: store.replace(credential, hosts=(), fields=secrets_of(a="2"), actor="omar"),
        lambda: store.delete(credential, actor="omar"),
    ]
    for change in changes:
        with pytest.raises(RuntimeError, match="no audit log"):
            change()

    assert states(credential) == [(1, State.CURRENT)]
    assert Credential.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "1 to 20"),
        ({f"f{n}": "x" for n in range(21)}, "1 to 20"),
        ({"api_key": ""}, "api_key is empty"),
        ({"api_key": "x" * 1_000_000}, "longer than"),
        ({"api_key": "in\0side"}, "control character"),
        ({"api_key": "\x1b[31m"}, "control character"),
        ({"user": "fine", "password": ""}, "password is empty"),
        ({"api_key": "copied\u200binside"}, "invisible"),
        ({"api_key": "\u202einside"}, "invisible"),
        ({"api_key": "\ufeffinside"}, "invisible"),
        ({"api_key": "in\ufffdside"}, "no character"),
    ],
)
def test_fields_that_can_be_no_secret_are_refused_and_nothing_is_stored(
    fields: dict[str, str], says: str
) -> None:
    with pytest.raises(BadFields, match=says) as refused:
        store.create(
            label="x", system="bill", hosts=HOSTS, fields=secrets_of(**fields), actor="omar"
        )

    assert not Credential.objects.exists()
    assert not Entry.objects.exists()
    assert "inside" not in str(refused.value)
    assert "xxx" not in str(refused.value)


def test_a_day_that_has_gone_by_is_refused() -> None:
    credential, gone = created(), date(2020, 1, 1)
    new = secrets_of(api_key="2")
    before = Entry.objects.count()

    changes: list[Callable[[], object]] = [
        lambda: store.rotate(credential, new, expires_on=gone, actor="omar"),
        lambda: store.replace(credential, hosts=HOSTS, fields=new, expires_on=gone, actor="omar"),
        lambda: store.set_expiry(credential, gone, actor="omar"),
    ]
    for change in changes:
        with pytest.raises(BadFields, match="gone by"):
            change()

    assert states(credential) == [(1, State.CURRENT)]
    assert Entry.objects.count() == before


def test_bad_fields_leave_the_secret_that_stands_as_it_is() -> None:
    credential = created()

    changes: list[Callable[[], object]] = [
        lambda: store.rotate(credential, secrets_of(api_key=""), actor="omar"),
        lambda: store.replace(credential, hosts=("e.example",), fields={}, actor="omar"),
    ]
    for change in changes:
        with pytest.raises(BadFields):
            change()

    assert states(credential) == [(1, State.CURRENT)]
    assert revealed(credential) == {"api_key": SECRET}


def test_a_key_in_pem_keeps_its_lines() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\r\nAAAA\n\tBBBB\n-----END PRIVATE KEY-----\n"

    assert revealed(created(key=pem)) == {"key": pem}


@pytest.mark.parametrize("state", [State.CURRENT, State.PENDING])
def test_the_database_keeps_one_version_of_a_state(state: str) -> None:
    credential = created()
    store.rotate(credential, secrets_of(api_key="2"), actor="omar")
    row = credential.versions.get(state=state)

    with pytest.raises(DatabaseError), transaction.atomic():
        CredentialVersion.objects.create(
            credential=credential,
            number=3,
            state=state,
            hosts=row.hosts,
            sealed=bytes(row.sealed),
            fingerprint=row.fingerprint,
            created_by="omar",
        )
    with pytest.raises(DatabaseError), transaction.atomic():
        CredentialVersion.objects.filter(number=1).update(state=State.SHREDDED)


def test_web_seals_and_can_open_nothing() -> None:
    with holding("web"), as_role("web"):
        credential = created()
        store.replace(credential, hosts=HOSTS, fields=secrets_of(api_key="from web"), actor="omar")
        with pytest.raises(CredentialRefused):
            revealed(credential)

    refusal = Entry.objects.get(action=Action.CREDENTIAL_REFUSED)
    assert json.loads(refusal.facts)["reason"] == "NotHeld"
    assert revealed(credential) == {"api_key": "from web"}


def test_the_worker_can_make_no_credential() -> None:
    with holding("worker"), as_role("worker"), pytest.raises(DatabaseError), transaction.atomic():
        created()


def test_an_unknown_credential_is_gone() -> None:
    with (
        pytest.raises(CredentialGone),
        open_credential(UUID(int=1), purpose="t", actor="w", system="bill", hosts=HOSTS),
    ):
        raise AssertionError("opened")
