"""Settings of a real worker in tests: the rights of its role, entries that leave a trace."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, SERVER

DATABASES["default"]["NAME"] = SERVER.database
CONNECTOR_JOBS = {
    "webhooks.process": "tests.appliance.queue.entries.note",
    "flows.run": "tests.appliance.queue.entries.work",
    "flows.test": "tests.appliance.queue.entries.fail",
    "flows.held": "tests.appliance.queue.entries.lose_the_database",
    "flows.decide": "tests.appliance.queue.entries.end_badly",
}
CONNECTOR_BEATS = {
    "appliance.queue.upkeep.sweep": 0.2,
    "tests.appliance.queue.entries.beat": 0.2,
    "tests.appliance.queue.entries.broken_beat": 0.2,
}
