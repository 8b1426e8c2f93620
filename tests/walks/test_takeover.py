"""Whoever holds the web process, its keys and its role opens no credential and sends none away."""

import json
from collections.abc import Iterator

import pytest
from django.test import override_settings
from psycopg.errors import InsufficientPrivilege

from appliance.keyrings.files import read
from connector.crypto import keyring, vault_box
from connector.crypto.errors import CryptoError, NotHeld
from tests.fakes.supply_desk import DESCRIPTION
from tests.walks.live import Live
from tests.walks.prey import (
    KEYS,
    OF,
    Claimed,
    Prey,
    a_prey,
    as_web,
    changed,
    holding,
    settings,
    stored,
    unguarded,
)

CURRENT = "UPDATE vault_credentialversion SET {} WHERE state = 'current' AND credential_id = {}"
LEFT = OF.format("left")
SHREDDED = "state = 'shredded', sealed = ''"
PLANTED = (
    "INSERT INTO vault_credentialversion (id, credential_id, number, state, hosts, sealed, adopted,"
    " fingerprint, created_by, problem, reminded) SELECT gen_random_uuid(), credential_id, %s, %s,"
    " hosts, %s, false, fingerprint, 'web', '', '' FROM vault_credentialversion"
    f" WHERE credential_id = {LEFT} AND number = %s"
)
PUT_BACK = (
    "UPDATE vault_credentialversion SET state = %s, sealed = %s, adopted = true"
    f" WHERE credential_id = {LEFT} AND number = %s"
)
SEALED = "SELECT sealed FROM vault_credentialversion WHERE state = 'current' AND credential_id = {}"


@pytest.fixture(scope="module")
def prey(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prey]:
    with a_prey(live, tmp_path_factory.mktemp("prey")) as prey:
        yield prey


def test_no_stored_credential_opens_with_anything_that_web_holds(live: Live, prey: Prey) -> None:
    versions = stored(live)
    assert {vault_box.is_wrapped(blob) for blob, _ in versions} == {True, False}
    with holding(live, "web"):
        for blob, binding in versions:
            with pytest.raises(NotHeld):
                vault_box.open_box(blob, expected=binding)
            with pytest.raises(NotHeld):
                vault_box.rewrap(blob, expected=binding)
    held = read(live.home.keyring("web"))
    materials = [key.material for key in held.keyring.all_keys()]
    materials.append(bytes.fromhex(held.django))
    with override_settings(CONNECTOR_KEYRING="tests.walks.prey.claimed"):
        for material in materials:
            Claimed.now = Claimed(held, material)
            keyring.reset()
            for blob, binding in versions:
                with pytest.raises(CryptoError):
                    vault_box.open_box(blob, expected=binding)


def test_the_same_versions_open_with_what_the_worker_holds(live: Live, prey: Prey) -> None:
    with holding(live, "worker"):
        opened = [vault_box.open_box(blob, expected=binding) for blob, binding in stored(live)]

    found = {fields["api_key"].reveal() for fields in opened if "api_key" in fields}
    assert set(KEYS.values()) <= found


def test_web_holds_no_key_that_is_the_workers_alone(live: Live) -> None:
    web = json.loads(live.home.keyring("web").read_text())
    worker = json.loads(live.home.keyring("worker").read_text())
    only_worker = {key["key"] for key in worker["keys"]} - {key["key"] for key in web["keys"]}

    roles = {(key["domain"], key["role"]) for key in web["keys"]}
    assert not roles & {("vault", "open"), ("vault", "wrap"), ("audit", "sign"), ("ledger", "mac")}
    assert len(only_worker) >= 4
    whole = live.home.keyring("web").read_text()
    assert not [key for key in [*only_worker, worker["django"]] if key in whole]


def test_a_credential_of_another_connection_is_not_sent(live: Live, prey: Prey) -> None:
    theirs = live.rows(f"SELECT {OF.format('right')}")[0][0]
    with changed(live, "flows_connection", "credential_id", "slug = 'left'", theirs):
        prey.nothing_leaves()
    prey.answers("left")


def test_swapped_secrets_are_not_sent(live: Live, prey: Prey) -> None:
    left, right = (live.rows(SEALED.format(OF.format(name)))[0][0] for name in ("left", "right"))
    swap = CURRENT.format("sealed = %s", "{}")
    with unguarded(live) as database:
        database.execute(swap.format(OF.format("left")), [right])
        database.execute(swap.format(OF.format("right")), [left])
    try:
        prey.nothing_leaves("left")
        prey.nothing_leaves("right")
    finally:
        with unguarded(live) as database:
            database.execute(swap.format(OF.format("left")), [left])
            database.execute(swap.format(OF.format("right")), [right])
    prey.answers("left")
    prey.answers("right")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_another_address_in_the_settings_gets_nothing(live: Live, prey: Prey, host: str) -> None:
    sealed = settings(live, "left", url=prey.thief.url.replace("127.0.0.1", host))
    with changed(live, "flows_connection", "settings_sealed", "slug = 'left'", sealed):
        prey.nothing_leaves()
        run = live.manage("run", "left-to-ap", "--wait", "--json")
        assert run.returncode == 1
        assert "Enter the credential again" in run.stderr
        assert prey.thief.heard == 0
    prey.answers("left")


def test_hosts_written_beside_the_secret_change_nothing(live: Live, prey: Prey) -> None:
    thief = [f"127.0.0.1:{prey.thief.port}"]
    sealed = settings(live, "left", url=prey.thief.url)
    with (
        changed(live, "flows_connection", "settings_sealed", "slug = 'left'", sealed),
        changed(live, "flows_connection", "hosts", "slug = 'left'", thief),
        changed(live, "vault_credential", "hosts", f"id = {OF.format('left')}", thief),
    ):
        prey.nothing_leaves()
        before = live.rows("SELECT hosts FROM vault_credentialversion ORDER BY id")
        with unguarded(live) as database:
            database.execute(CURRENT.format("hosts = %s", OF.format("left")), [thief])
        prey.nothing_leaves()
        with unguarded(live) as database:
            real = [prey.desks["left"].url.removeprefix("http://")]
            database.execute(CURRENT.format("hosts = %s", OF.format("left")), [real])
        assert live.rows("SELECT hosts FROM vault_credentialversion ORDER BY id") == before
    prey.answers("left")


def test_a_description_with_other_hosts_gets_nothing(live: Live, prey: Prey) -> None:
    exit_ = "  - {name: exit, label: Exit, type: url, pattern: '^https?://[a-z0-9.:-]+$'}\n"
    text = (
        DESCRIPTION.replace("credential:\n", exit_ + "credential:\n")
        .replace('{main: "{{ settings.url }}/v1/"}', '{main: "{{ settings.exit }}/v1/"}')
        .replace('hosts: ["', 'hosts: ["{{ settings.exit | host }}", "')
    )
    sealed = settings(live, "left", url=prey.desks["left"].url, exit=prey.thief.url)
    with (
        changed(live, "systems_uploadedsystem", "text", "name = 'supply_desk'", text),
        changed(live, "flows_connection", "settings_sealed", "slug = 'left'", sealed),
    ):
        prey.nothing_leaves()
    prey.answers("left")


@pytest.mark.parametrize(
    "spoiled",
    [
        DESCRIPTION.replace("settings.url | host", "settings.host"),
        DESCRIPTION.replace("settings.url }}/v1/", "settings.url }}.evil.example.com/v1/"),
        "os.system: touch",
    ],
)
def test_a_spoiled_description_gets_nothing_and_stops_nobody(
    live: Live, prey: Prey, spoiled: str
) -> None:
    calls = prey.calls
    with changed(live, "systems_uploadedsystem", "text", "name = 'supply_desk'", spoiled):
        health, message = live.test_connection("left")
        run = live.manage("run", "left-to-ap", "--wait", "--json", "--seconds", "20")
    assert (health, prey.calls) == ("failing", calls)
    assert "description" in message
    assert run.returncode in (1, 3)
    assert "running" not in run.stderr
    prey.answers("left")


def test_an_older_secret_is_not_sent_again(live: Live, prey: Prey) -> None:
    old, new, number = replaced(live, prey)
    with as_web(live) as web:
        with pytest.raises(InsufficientPrivilege):
            web.execute(PLANTED, [number + 1, "current", old, number])
        web.execute(CURRENT.format(SHREDDED, LEFT))
        web.execute(PLANTED, [number + 1, "current", old, number])
    prey.nothing_leaves()
    with unguarded(live) as database:  # the older row itself, as in a backup
        database.execute(CURRENT.format(SHREDDED, LEFT))
        database.execute(PUT_BACK, ["current", old, number - 1])
    prey.nothing_leaves()
    with unguarded(live) as database:
        database.execute(PUT_BACK, ["pending", old, number - 1])
        database.execute(PUT_BACK, ["current", new, number])
    refusals = prey.refusals()
    prey.answers("left")  # with the one in use; the older one was not even tried
    assert prey.refusals() == refusals + 1
    prey.enter_again()
    prey.answers("left")


def test_a_secret_that_failed_its_test_is_not_used_without_the_worker(
    live: Live, prey: Prey
) -> None:
    prey.enter_again(LEFT="not-the-key")
    waits = f"vault_credentialversion WHERE state = 'pending' AND credential_id = {LEFT}"
    ((problem, pk),) = live.rows(f"SELECT problem, id::text FROM {waits}")
    assert problem and "not-the-key" not in problem
    prey.answers("left")
    use = f"UPDATE vault_credentialversion SET state = 'current' WHERE id = '{pk}'"
    with as_web(live) as web:
        with pytest.raises(InsufficientPrivilege):
            web.execute(use)
        web.execute(CURRENT.format(SHREDDED, LEFT))
        with pytest.raises(InsufficientPrivilege):
            web.execute(use)
    with unguarded(live) as database:
        database.execute(use)
    prey.nothing_leaves()
    prey.enter_again()
    prey.answers("left")


def replaced(live: Live, prey: Prey) -> tuple[bytes, bytes, int]:
    """Rotate; answer the bytes of the old version and of the new one, and its number."""
    (old,) = live.rows(SEALED.format(LEFT))[0]
    prey.enter_again()
    prey.answers("left")
    (new,) = live.rows(SEALED.format(LEFT))[0]
    (number,) = live.rows(
        f"SELECT number FROM vault_credentialversion WHERE state = 'current'"
        f" AND credential_id = {LEFT}"
    )[0]
    return old, new, number
