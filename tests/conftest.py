"""What all tests share: the database with its roles and rights, and keys that are no box's."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase

# The suite starts hundreds of processes. None of them compiles again what another one has.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`--dist loadfile`, with what is long begun first."""
    from tests.schedule import Scheduling

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """The name of the database already holds the worker's."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> None:
    """The rights of the run-time roles, as `manage.py prepare` gives them."""
    from appliance.database.grants import apply_grants

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        apply_grants()


@pytest.fixture(autouse=True)
def _fresh_keyring() -> Iterator[None]:
    from connector.crypto import keyring

    keyring.reset()
    yield
    keyring.reset()


@contextmanager
def as_role(role: str) -> Iterator[None]:
    """Run statements with the rights of `connector_web` or `connector_worker`."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE connector_{role}")
        try:
            yield
        finally:
            if not connection.needs_rollback:
                cursor.execute("RESET ROLE")


def _emptied(self: TransactionTestCase) -> None:
    """After a test with real commits, empty all tables, with the guards of history lifted."""
    guarded = ("audit_entry", "flows_version", "flows_valuemapversion")
    with connection.cursor() as cursor:
        tables = [
            name
            for name in connection.introspection.table_names()
            if name not in ("django_migrations", "django_content_type", "auth_permission")
        ]
        for table in guarded:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
        for table in guarded:
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal",
                [table],
            )
            for (trigger,) in cursor.fetchall():
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")


TransactionTestCase._fixture_teardown = _emptied  # type: ignore[attr-defined]
