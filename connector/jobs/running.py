"""What an entry function knows of the job that it runs."""

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job in the hands of this worker. Its entry function reads both flags between records.

    Attributes:
        id: number of the job's row.
        lost: set when the lease is gone. Another worker may have the job; write nothing more.
        stop: set when the worker is to shut down. Come to a good end within seconds.
    """

    id: int
    lost: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)
