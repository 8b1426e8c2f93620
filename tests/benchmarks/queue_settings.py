"""Settings for the benchmark of the queue: our broker, or django-q2's own at its defaults."""

import os

os.environ["CONNECTOR_PROCESS"] = "worker"

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, SERVER

DATABASES["default"]["NAME"] = SERVER.database
DATABASES["default"]["CONN_MAX_AGE"] = None
WORKERS = 2
CONNECTOR_JOBS = {
    "webhooks.process": "tests.benchmarks.queue_entries.ours",
    "flows.run": "tests.benchmarks.queue_entries.ours",
}
CONNECTOR_BEATS = {"appliance.queue.upkeep.sweep": 2.0}
if os.environ.get("BENCHMARK_BROKER") == "stock":
    Q_CLUSTER = {"name": "stock", "orm": "default", "workers": WORKERS}
