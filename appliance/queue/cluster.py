"""One life of the worker: django-q2's cluster, the beat, and the watchdog over both."""

import logging
import os
import signal
import sys
import threading
import time

from django.db import connections
from django_q.cluster import Cluster
from django_q.conf import Conf

from appliance.queue import shared
from appliance.queue.beat import beat
from appliance.queue.watchdog import Watchdog

logger = logging.getLogger(__name__)

LOOK_S = 0.1
ENDED_ITSELF = 70  # exit code: the queue was dead, or django-q2 gave up


def run() -> None:
    """Run until a stop is asked for, or exit with ENDED_ITSELF so that a new life can begin.

    The sentinel is forked before the beat's thread and the first connection, so
    it inherits neither.
    """
    logging.getLogger("django-q").setLevel(Conf.LOG_LEVEL)
    cluster = Cluster()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    cluster.start()
    threading.Thread(target=beat, name="beat", daemon=True).start()
    watchdog = Watchdog()
    while not shared.stop_asked():
        if not cluster.sentinel.is_alive():
            logger.error("django-q2's sentinel died")
            sys.exit(ENDED_ITSELF)
        if watchdog.is_dead():
            logger.error("jobs are due and no worker takes them; the queue is made anew")
            os.kill(cluster.sentinel.pid, signal.SIGKILL)
            sys.exit(ENDED_ITSELF)
        time.sleep(LOOK_S)
    cluster.stop()
    connections.close_all()


def _stop(*_: object) -> None:
    shared.ask_to_stop()
