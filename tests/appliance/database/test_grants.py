"""appliance.database.grants and roles: what the run-time roles may do in the real database"""

import pytest
from django.db import ProgrammingError, connection, transaction
from psycopg.errors import InsufficientPrivilege

from appliance.database import grants

pytestmark = pytest.mark.django_db


def rows(query: str, *arguments: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, arguments)
        return list(cursor.fetchall())


@pytest.mark.parametrize("role", ["connector_web", "connector_worker"])
def test_the_database_grants_what_the_table_says_and_no_more(role: str) -> None:
    found: dict[str, set[object]] = {}
    for table, privilege in rows(
        "SELECT c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a"
        " WHERE c.relkind IN ('r', 'v', 'm', 'p') AND c.relnamespace = 'public'::regnamespace"
        " AND a.grantee = %s::regrole",
        role,
    ):
        found.setdefault(str(table), set()).add(privilege)
    for table, privilege, columns in rows(
        "SELECT c.relname, a.privilege_type, string_agg(attname, ', ' ORDER BY attnum)"
        " FROM pg_class c JOIN pg_attribute ON attrelid = c.oid, aclexplode(attacl) a"
        " WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = %s::regrole"
        " GROUP BY c.relname, a.privilege_type",
        role,
    ):
        found.setdefault(str(table), set()).add(f"{privilege} ({columns})")

    assert found == {table: set(verbs) for table, verbs in grants.GRANTS[role].items()}


def test_nobody_else_has_a_right_on_any_table() -> None:
    open_to_all = rows(
        "SELECT c.relname FROM pg_class c, aclexplode(c.relacl) a"
        " WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = 0"
    )
    single_columns = rows(
        "SELECT attrelid::regclass FROM pg_attribute JOIN pg_class c ON c.oid = attrelid,"
        " aclexplode(attacl) a WHERE c.relnamespace = 'public'::regnamespace"
        " AND a.grantee NOT IN ('connector_web'::regrole, 'connector_worker'::regrole)"
    )

    assert (open_to_all, single_columns) == ([], [])


@pytest.mark.parametrize("role", ["connector_web", "connector_worker"])
def test_numbers_can_be_drawn_but_not_set(role: str) -> None:
    found = {
        privilege
        for (privilege,) in rows(
            "SELECT a.privilege_type FROM pg_class c, aclexplode(c.relacl) a"
            " WHERE c.relkind = 'S' AND a.grantee = %s::regrole",
            role,
        )
    }

    assert found <= {"USAGE"}


@pytest.mark.parametrize("role", ["connector_owner", "connector_web", "connector_worker"])
def test_no_role_is_more_than_it_should_be(role: str) -> None:
    attributes = rows(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        " FROM pg_roles WHERE rolname = %s",
        role,
    )
    belongs_to = rows("SELECT roleid FROM pg_auth_members WHERE member = %s::regrole", role)

    assert attributes == [(False, False, False, False, False)]
    assert belongs_to == []


@pytest.mark.parametrize("role", ["web", "worker"])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (a int)",
        "CREATE SCHEMA mine",
        "DROP TABLE audit_entry",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "TRUNCATE jobs_job",
        "UPDATE audit_entry SET actor = 'somebody else'",
        "DELETE FROM audit_entry",
        "UPDATE flows_version SET number = 1",
        "DELETE FROM flows_delivery",
        "SET ROLE connector_owner",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_a_run_time_role_can_change_neither_history_nor_form(role: str, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError) as refused,
        transaction.atomic(),
        connection.cursor() as at,
    ):
        at.execute(f"SET SESSION AUTHORIZATION connector_{role}")
        at.execute(statement)
    assert isinstance(refused.value.__cause__, InsufficientPrivilege)


def test_no_role_gets_at_the_tables_of_django_q() -> None:
    named = [t for rights in grants.GRANTS.values() for t in rights if t.startswith("django_q")]

    assert named == []


def test_web_can_neither_reach_the_worker_s_limits_nor_change_a_delivery() -> None:
    assert "systems_bucket" not in grants.WEB
    assert grants.WEB["flows_delivery"] == ("SELECT",)


def test_a_table_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grants, "GRANTS", {"connector_web": {"flows_absent": ("SELECT",)}})

    with pytest.raises(LookupError, match="flows_absent"), transaction.atomic():
        grants.apply_grants()


def test_a_right_that_stands_nowhere_is_taken_away() -> None:
    with connection.cursor() as cursor:
        cursor.execute("GRANT ALL ON audit_entry TO connector_web")

    grants.apply_grants()

    test_the_database_grants_what_the_table_says_and_no_more("connector_web")
