"""Two words of memory that all processes of one worker share.

They are made before the first fork. Neither has a lock, so that a process which
is killed in the middle can't block another.
"""

import time
from ctypes import c_bool, c_double
from multiprocessing.sharedctypes import RawValue

_stop = RawValue(c_bool, False)
_pulse = RawValue(c_double, 0.0)


def ask_to_stop() -> None:
    """Tell every process of this worker to come to a good end."""
    _stop.value = True


def stop_asked() -> bool:
    return bool(_stop.value)


def beat_pulse() -> None:
    """Say that some process of this worker is asking for jobs or running one."""
    _pulse.value = time.monotonic()


def pulse_age_s() -> float:
    """Seconds since the last pulse. The monotonic clock is the same in all processes."""
    return time.monotonic() - float(_pulse.value)
