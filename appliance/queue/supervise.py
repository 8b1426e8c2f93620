"""The parent of the worker: starts the cluster, and starts it anew when it ends by itself."""

import logging
import multiprocessing
import os
import signal
import time

from appliance.orphans import forks_end_with_parent
from appliance.queue import cluster, shared

logger = logging.getLogger(__name__)

STOP_S = 20.0  # what runs may come to its end; after this it is killed and its leases run out
PAUSE_S = 1.0
LOOK_S = 0.1


def supervise() -> None:
    """Keep one cluster alive until SIGTERM or SIGINT; then stop it, within STOP_S seconds."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    forks_end_with_parent()
    while not shared.stop_asked():
        code = _one_life()
        if not shared.stop_asked():
            logger.error("the cluster ended with code %s; starting it anew", code)
            time.sleep(PAUSE_S)


def _one_life() -> int | None:
    """Run one cluster to its end and return its exit code."""
    process = multiprocessing.get_context("fork").Process(target=cluster.run, name="cluster")
    process.start()
    kill_at = float("inf")
    while process.is_alive():
        process.join(LOOK_S)
        if shared.stop_asked() and kill_at == float("inf"):
            kill_at = time.monotonic() + STOP_S
        if time.monotonic() > kill_at and process.pid:
            logger.error("the worker did not stop in %.0f s and is killed", STOP_S)
            os.kill(process.pid, signal.SIGKILL)
            process.join()
    return process.exitcode


def _stop(*_: object) -> None:
    shared.ask_to_stop()
