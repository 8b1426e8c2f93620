"""Two connections with a credential each, and who would like to have it: for tests of takeover."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from django.test import override_settings

from appliance.keyrings.files import Opened
from connector.crypto import envelope, keyring
from connector.crypto.envelope import Place
from connector.crypto.keyring import Domain, Key, Role
from connector.crypto.vault_box import Binding
from tests.fakes.server import Fake
from tests.fakes.supply_desk import DESCRIPTION, supply_desk
from tests.walks.live import Live

NAMES = ("left", "right")
KEYS = {"left": "left-key-3f9a", "right": "right-key-77c1"}
FILE = """
format: 1
systems:
  supply_desk: {file: supply_desk.yaml}
connections:
  left:
    title: Left
    system: supply_desk
    settings: {url: "@left@"}
    secrets: {api_key: {env: LEFT}}
  right:
    title: Right
    system: supply_desk
    settings: {url: "@right@"}
    secrets: {api_key: {env: RIGHT}}
  unused:
    title: Never tested
    system: supply_desk
    settings: {url: "@left@"}
    secrets: {api_key: {env: LEFT}}
flows:
  left-to-ap:
    title: Left to the AP ledger
    source: {connection: left, stream: suppliers}
    destination: {connection: ap, object: vendor}
    trigger: {by_hand: true}
    mapping:
      map:
        reference: {from: reference}
        name: {from: name}
        country: {from: country}
        currency: {value: EUR}
"""
STORED = """
SELECT v.credential_id, v.number, c.system, v.hosts, v.sealed, v.adopted
FROM vault_credentialversion v JOIN vault_credential c ON c.id = v.credential_id
WHERE v.state <> 'shredded'
"""
OF = "(SELECT credential_id FROM flows_connection WHERE slug = '{}')"


class Listener:
    """A port that wants to hear from somebody. Counts who connects."""

    def __init__(self) -> None:
        self.heard = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _listen(self) -> None:
        while True:
            try:
                taken, _ = self.socket.accept()
            except OSError:
                return
            self.heard += 1
            taken.close()


@dataclass(frozen=True, slots=True)
class Prey:
    """Two connections with a credential each, and who would like to have them."""

    live: Live
    folder: Path
    desks: dict[str, Fake]
    thief: Listener

    def enter(self, files: Mapping[str, str], *more: str, **keys: str) -> None:
        secrets = {"LEFT": KEYS["left"], "RIGHT": KEYS["right"], **keys}
        done = self.live.apply(self.folder, files, *more, **secrets)
        assert done.returncode == 0, done.stderr
        self.live.tests_are_done()

    def enter_again(self, **keys: str) -> None:
        """Rotate both secrets: a new version each, in use if it has passed its test."""
        self.enter({}, "--secrets", **keys)

    @property
    def calls(self) -> int:
        return sum(fake.connections for fake in self.desks.values()) + self.thief.heard

    def refusals(self) -> int:
        query = "SELECT count(*) FROM audit_entry WHERE action = 'credential.refused'"
        return int(self.live.rows(query)[0][0])

    def nothing_leaves(self, slug: str = "left") -> None:
        """The test of a connection is refused, audited, and not one socket was opened."""
        calls, refusals = self.calls, self.refusals()
        health, message = self.live.test_connection(slug)
        assert health == "failing"
        assert "Enter the credential again" in message
        assert (self.calls, self.refusals()) == (calls, refusals + 1)

    def answers(self, slug: str) -> None:
        assert self.live.test_connection(slug) == ("ok", "")


@contextmanager
def a_prey(live: Live, folder: Path) -> Iterator[Prey]:
    """Connect both desks, and let both answer once."""
    thief = Listener()
    with supply_desk(KEYS["left"]) as left, supply_desk(KEYS["right"]) as right:
        text = FILE.replace("@left@", left[1].url).replace("@right@", right[1].url)
        files = {"box.yaml": text, "supply_desk.yaml": DESCRIPTION}
        prey = Prey(live, folder, {"left": left[1], "right": right[1]}, thief)
        prey.enter(files)
        for name in NAMES:
            prey.answers(name)
        yield prey
    thief.socket.close()


@contextmanager
def holding(live: Live, process: str) -> Iterator[None]:
    """Hold the keyring that a process of the box has on its disk."""
    with override_settings(
        CONNECTOR_KEYRING="appliance.keyrings.kept.load",
        KEYRING_FILE=live.home.keyring(process),
        PROCESS=process,
    ):
        keyring.reset()
        try:
            yield
        finally:
            keyring.reset()


@contextmanager
def as_web(live: Live) -> Iterator[psycopg.Connection[Any]]:
    with live.as_role("web") as connection:
        yield connection


@contextmanager
def unguarded(live: Live) -> Iterator[psycopg.Connection[Any]]:
    """The database without the guards of versions, as a restored backup may have been changed."""
    guard = "ALTER TABLE vault_credentialversion {} TRIGGER {}"
    guards = ("vault_version_moves_on", "vault_version_arrives")
    with live.superuser() as connection:
        for name in guards:
            connection.execute(guard.format("DISABLE", name))
        try:
            yield connection
        finally:
            for name in guards:
                connection.execute(guard.format("ENABLE ALWAYS", name))


@contextmanager
def changed(live: Live, table: str, column: str, where: str, value: Any) -> Iterator[None]:
    """One value changed with web's role, and put back."""
    read_ = f"SELECT {column} FROM {table} WHERE {where}"
    write = f"UPDATE {table} SET {column} = %s WHERE {where}"
    with as_web(live) as web:
        row = web.execute(read_).fetchone()
        assert row
        web.execute(write, [value])
        try:
            yield
        finally:
            web.execute(write, [row[0]])


def settings(live: Live, slug: str, **values: str) -> bytes:
    """Settings sealed with web's own key for the row of a connection."""
    pk = live.rows("SELECT id FROM flows_connection WHERE slug = %s", slug)[0][0]
    with holding(live, "web"):
        place = Place("flows_connection", str(pk), "settings")
        return envelope.seal_json(Domain.CONFIG, values, place=place)


class Claimed:
    """Web's keyring, but one of its keys is given for every key that web does not hold."""

    now: "Claimed"

    def __init__(self, opened: Opened, material: bytes) -> None:
        self.held, self.material = opened.keyring, material
        self.cell = opened.keyring.cell

    def primary(self, domain: Domain, *, role: Role | None = None) -> Key:
        return self.held.primary(domain, role=role)

    def key(self, domain: Domain, key_id: str, *, role: Role | None = None) -> Key:
        if role in (Role.OPEN, Role.WRAP):
            return Key(domain, role, key_id, self.material)
        return self.held.key(domain, key_id, role=role)

    def all_keys(self) -> tuple[Key, ...]:
        return self.held.all_keys()


def claimed() -> Claimed:
    return Claimed.now


def stored(live: Live) -> list[tuple[bytes, Binding]]:
    """Every version that is not shredded, with what it is bound to."""
    return [
        (bytes(sealed), Binding(UUID(str(pk)), number, system, tuple(hosts)))
        for pk, number, system, hosts, sealed, _ in live.rows(STORED)
    ]
