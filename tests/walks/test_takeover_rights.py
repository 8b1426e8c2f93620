"""Whoever holds the web process can't rewrite history: the database refuses it."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.walks.live import Live

UNTOUCHABLE = {
    "audit_entry": ("actor", ("UPDATE", "DELETE", "TRUNCATE")),
    "jobs_job": ("kind", ("UPDATE", "DELETE", "TRUNCATE")),
    "flows_version": ("note", ("UPDATE", "DELETE", "TRUNCATE")),
    "flows_valuemapversion": ("created_by", ("UPDATE", "DELETE", "TRUNCATE")),
    "flows_route": ("object", ("INSERT", "UPDATE", "DELETE", "TRUNCATE")),
    "flows_delivery": ("state", ("INSERT", "UPDATE", "DELETE", "TRUNCATE")),
    "flows_payload": ("kept_until", ("INSERT", "UPDATE", "DELETE", "TRUNCATE")),
    "flows_cursor": ("mark", ("INSERT", "UPDATE", "DELETE", "TRUNCATE")),
    "vault_credential": ("label", ("DELETE", "TRUNCATE")),
    "vault_credentialversion": ("state", ("DELETE", "TRUNCATE")),
    "vault_opening": ("purpose", ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")),
    "systems_bucket": ("name", ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")),
    "django_migrations": ("name", ("INSERT", "UPDATE", "DELETE", "TRUNCATE")),
}
DENIED = [(verb, table, column) for table, (column, verbs) in UNTOUCHABLE.items() for verb in verbs]
STATEMENTS = {
    "SELECT": "SELECT {column} FROM {table}",
    "INSERT": "INSERT INTO {table} DEFAULT VALUES",
    "UPDATE": "UPDATE {table} SET {column} = {column}",
    "DELETE": "DELETE FROM {table}",
    "TRUNCATE": "TRUNCATE {table} CASCADE",
}
VERSION = "UPDATE vault_credentialversion SET {}"
AROUND = [
    "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
    "ALTER TABLE audit_entry ALTER COLUMN facts TYPE text USING 'forged'",
    "DROP TRIGGER audit_entry_no_change ON audit_entry",
    "DROP TABLE audit_entry",
    "CREATE TRIGGER mine BEFORE INSERT ON jobs_job EXECUTE FUNCTION flows_version_stays()",
    "CREATE RULE mine AS ON INSERT TO audit_entry DO INSTEAD NOTHING",
    "CREATE TABLE public.mine (id int)",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION audit_entry_stays() RETURNS trigger LANGUAGE sql AS 'SELECT'",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION file_fdw",
    "SET session_replication_role = replica",
    "SET ROLE connector_worker",
    "SET ROLE connector_owner",
    "SET SESSION AUTHORIZATION postgres",
    "GRANT connector_worker TO connector_web",
    "ALTER ROLE connector_worker PASSWORD 'mine'",
    "ALTER ROLE connector_web SUPERUSER",
    "COPY audit_entry TO PROGRAM 'cat'",
    "COPY audit_entry TO '/tmp/mine'",
    "COPY audit_entry FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'connector_worker'",
    "SELECT setval(pg_get_serial_sequence('audit_entry', 'number'), 1)",
    "SELECT setval(pg_get_serial_sequence('jobs_job', 'id'), 1)",
    VERSION.format("number = number + 100"),
    VERSION.format("hosts = ARRAY['127.0.0.1:1']"),
    VERSION.format("adopted = NOT adopted"),
    VERSION.format("sealed = sealed || 'x'::bytea"),
    VERSION.format("fingerprint = 'x'"),
    VERSION.format("credential_id = (SELECT id FROM vault_credential ORDER BY id LIMIT 1)"),
]


@pytest.fixture(scope="module")
def web(live: Live) -> Iterator[psycopg.Connection[object]]:
    """The database as the web process reaches it."""
    with live.as_role("web") as connection:
        yield connection


def refused(web: psycopg.Connection[object], statement: str) -> None:
    with pytest.raises(InsufficientPrivilege), web.transaction():
        web.execute(statement)


@pytest.mark.parametrize(("verb", "table", "column"), DENIED)
def test_web_has_no_right_to(
    live: Live, web: psycopg.Connection[object], verb: str, table: str, column: str
) -> None:
    before = live.rows(f"SELECT count(*) FROM {table}")

    refused(web, STATEMENTS[verb].format(table=table, column=column))

    assert live.rows(f"SELECT count(*) FROM {table}")[0][0] >= before[0][0]


@pytest.mark.parametrize("statement", AROUND)
def test_web_finds_no_way_around(
    live: Live, web: psycopg.Connection[object], statement: str
) -> None:
    refused(web, statement)


def test_web_can_write_no_entry_with_a_number_or_a_time_of_its_own(
    live: Live, web: psycopg.Connection[object]
) -> None:
    values = f"'{uuid4()}', 'run.finished', 'worker', 'run:x', '{{}}', 'key', 'mac'"
    columns = "id, action, actor, subject, facts, key_id, mac"
    web.execute("SELECT nextval(pg_get_serial_sequence('audit_entry', 'number'))")
    refused(web, f"INSERT INTO audit_entry (number, {columns}) VALUES (-5, {values})")
    refused(
        web,
        f"INSERT INTO audit_entry (number, {columns}) VALUES (1, {values})"
        " ON CONFLICT (number) DO UPDATE SET facts = 'forged'",
    )

    with web.transaction(force_rollback=True):
        row = web.execute(
            f"INSERT INTO audit_entry (at, {columns}) VALUES ('2001-01-01', {values})"
            " RETURNING at > now() - interval '1 minute'"
        ).fetchone()

    assert row == (True,)


def test_web_can_give_itself_no_right(live: Live, web: psycopg.Connection[object]) -> None:
    web.execute("GRANT UPDATE ON audit_entry TO connector_web")  # a warning, and nothing is given

    refused(web, "UPDATE audit_entry SET actor = actor")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("hosts = hosts", "state = 'pending'"),
        ("state = 'shredded', sealed = ''", "state = 'current', sealed = 'x'"),
        ("state = 'shredded', sealed = ''", "state = 'pending', sealed = 'x'"),
    ],
)
def test_web_never_puts_a_version_back(
    live: Live, web: psycopg.Connection[object], first: str, then: str
) -> None:
    with web.transaction(force_rollback=True):
        assert web.execute(VERSION.format(first) + " WHERE state = 'current'").rowcount > 0
        refused(web, VERSION.format(then))


def test_what_the_box_itself_needs_of_these_tables_still_works(
    live: Live, web: psycopg.Connection[object]
) -> None:
    with web.transaction(force_rollback=True):
        done = web.execute(
            "UPDATE vault_credentialversion SET state = 'shredded', sealed = ''"
            " WHERE state = 'current'"
        )
        assert done.rowcount > 0
