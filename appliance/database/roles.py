"""The three database roles: owner (migrations only), web and worker."""

from collections.abc import Mapping

import psycopg
from psycopg import sql

ROLES = ("owner", "web", "worker")


def create_roles(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Create the roles that are missing. They own nothing and may sign in; none is a superuser."""
    for role in ROLES:
        name = f"connector_{role}"
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE").format(
                    sql.Identifier(name)
                )
            )


def set_passwords(
    connection: psycopg.Connection[tuple[object, ...]], passwords: Mapping[str, str]
) -> None:
    """Give each role its password, so that one process can't sign in as another."""
    for role, password in passwords.items():
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(f"connector_{role}"), sql.Literal(password)
            )
        )
