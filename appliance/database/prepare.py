"""Brings the database to the newest form: migrations, then the rights of the run-time roles."""

from django.core.management import call_command
from django.db import connection, transaction

from appliance.database.grants import apply_grants

LOCK = 0x70726570  # "prep": one at a time


def prepare(*, verbosity: int = 0) -> None:
    """Migrate and give the rights. Safe to run again, and by two processes at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            call_command("migrate", interactive=False, verbosity=verbosity, skip_checks=True)
            with transaction.atomic():
                apply_grants()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
