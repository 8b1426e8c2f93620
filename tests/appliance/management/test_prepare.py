"""manage.py prepare"""

from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from appliance.database import grants, prepare

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_database_that_is_ready_stays_as_it_is() -> None:
    before = _rights()
    out = StringIO()

    call_command("prepare", stdout=out)

    assert out.getvalue() == "the database is ready\n"
    assert _rights() == before != set()


def test_rights_that_were_lost_come_back() -> None:
    before = _rights()
    with connection.cursor() as cursor:
        cursor.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM connector_web")
        cursor.execute("GRANT DELETE ON audit_entry TO connector_worker")

    prepare.prepare()

    assert _rights() == before


def test_two_at_once_wait_for_each_other() -> None:
    def once(_: int) -> None:
        try:
            prepare.prepare()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(once, range(2)))

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s",
            [prepare.LOCK],
        )
        assert cursor.fetchone() == (0,)


def test_the_lock_is_given_back_when_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grants, "GRANTS", {"connector_web": {"flows_absent": ("SELECT",)}})

    with pytest.raises(LookupError):
        prepare.prepare()

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [prepare.LOCK])
        assert cursor.fetchone() == (True,)
        cursor.execute("SELECT pg_advisory_unlock(%s)", [prepare.LOCK])


def _rights() -> set[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, a.grantee::regrole::text, a.privilege_type"
            " FROM pg_class c, aclexplode(c.relacl) a"
            " WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> 0"
        )
        return set(cursor.fetchall())
