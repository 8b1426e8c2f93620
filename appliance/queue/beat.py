"""Calls what has to happen again and again; of several workers one does it."""

import logging
import time

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from appliance.keyrings import gate
from appliance.queue import shared
from connector.jobs.errors import frames

logger = logging.getLogger(__name__)

TICK_S = 0.2
RETRY_S = 1.0
LOCK = 7_204_118_330  # session lock of the one who beats; any number that nobody else uses


def beat() -> None:
    """Call the functions of CONNECTOR_BEATS at their intervals until the worker stops.

    The setting maps dotted names to seconds. A function that fails is called
    again after its interval, and stops no other.
    """
    baton = Baton()
    due_at = dict.fromkeys(settings.CONNECTOR_BEATS, 0.0)
    while not shared.stop_asked():
        if baton.held() and not gate.trouble():
            for name, every_s in settings.CONNECTOR_BEATS.items():
                if time.monotonic() >= due_at[name]:
                    due_at[name] = time.monotonic() + every_s
                    _call(name)
        time.sleep(TICK_S)
    connection.close()


class Baton:
    """The lock that says which worker beats. It goes with the connection that took it."""

    def __init__(self) -> None:
        self._taken_on: object = None

    def held(self) -> bool:
        """Whether this worker beats; takes the lock if it is free."""
        try:
            connection.ensure_connection()
            if connection.connection is not self._taken_on:
                self._taken_on = connection.connection if _try_lock() else None
        except Exception as error:
            logger.warning("no database for the beat (%s)", type(error).__name__)
            connection.close()
            self._taken_on = None
            time.sleep(RETRY_S)
        return self._taken_on is not None


def _try_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _call(name: str) -> None:
    try:
        import_string(name)()
    except Exception as error:
        logger.error("%s failed (%s)\n%s", name, type(error).__name__, frames(error))
        if not transaction.get_autocommit() or not connection.is_usable():
            connection.close()
