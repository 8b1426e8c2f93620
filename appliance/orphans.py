"""Children that end when their parent does, also when that was killed."""

import ctypes
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def ends_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the child gets this signal when its parent dies (Linux, prctl(2))."""

    def ask() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)

    return ask
