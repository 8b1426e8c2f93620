"""Brings the database to the newest form: migrations, then the rights of the run-time roles."""

from contextlib import suppress

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from appliance.database.grants import apply_grants
from appliance.home import Home
from appliance.keyrings import files
from appliance.keyrings.derive import BOTH
from connector.crypto.errors import BadKeyring
from connector.rekey import expected

LOCK = 0x70726570  # "prep": one at a time


def prepare(*, verbosity: int = 0) -> None:
    """Migrate and give the rights. Safe to run again, and by two processes at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            call_command("migrate", interactive=False, verbosity=verbosity, skip_checks=True)
            with transaction.atomic():
                apply_grants()
            _note_keys()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _note_keys() -> None:
    """Where the keyrings lie in the home, the database learns which keys its data will need.

    Elsewhere the worker tells it, at its first start. A keyring that can't be used, or is another
    box's, is for web and worker to refuse.
    """
    home: Home | None = settings.HOME
    if home is None:
        return
    for process in BOTH:
        with suppress(BadKeyring):
            expected.note(files.read(home.keyring(process)).keyring)
