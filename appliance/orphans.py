"""Children that end when their parent does, also when that was killed (Linux, prctl(2))."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def ends_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the child gets this signal when its parent dies."""
    parent = os.getpid()
    return lambda: _ask(number, parent)


def forks_end_with_parent() -> None:
    """From here on, every process forked below this one is killed when its parent dies."""
    parents: list[int] = []

    def before() -> None:
        parents[:] = [os.getpid()]

    os.register_at_fork(before=before, after_in_child=lambda: _ask(signal.SIGKILL, parents[0]))


def _ask(number: signal.Signals, parent: int) -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died between the fork and the call above
        os._exit(1)
