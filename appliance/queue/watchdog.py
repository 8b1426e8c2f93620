"""What django-q2 does not notice: a queue that nobody can read any more.

A worker killed while idle may hold the read lock of django-q2's internal queue;
then every other worker waits for ever, and nothing says so.
"""

import logging
import time

from django.db import Error, connection

from appliance.queue import shared
from connector.jobs import queue

logger = logging.getLogger(__name__)

DEAD_S = 5.0
LOOK_S = 1.0


class Watchdog:
    """Says that the queue is dead: a job is due for DEAD_S seconds and no process asks for one.

    A process that runs a job, or asks for one, beats the shared pulse. While
    the database can't be asked, nothing is said.
    """

    def __init__(self) -> None:
        self._looked_at = time.monotonic()
        shared.beat_pulse()

    def is_dead(self) -> bool:
        if time.monotonic() - self._looked_at < LOOK_S or shared.pulse_age_s() < DEAD_S:
            return False
        self._looked_at = time.monotonic()
        try:
            return queue.oldest_due_s() > DEAD_S
        except Error as error:
            logger.warning("the watchdog can't read the queue (%s)", type(error).__name__)
            connection.close()
            return False
