"""Keeps keys in this process: no core dump, no other process may look in, no child learns of them.

Python copies bytes as it likes and can't wipe them; nothing here claims otherwise. A key is held
once, in the keyring; a credential for the span of a block.
"""

import ctypes
import logging
import os
import resource
import sys

from appliance.keyrings.places import SYSTEMD

logger = logging.getLogger(__name__)

PR_SET_DUMPABLE = 4  # <linux/prctl.h>
NOT_FOR_CHILDREN = (SYSTEMD, "CONNECTOR_KEYRING_FILE", "DATABASE_PASSWORD_FILE", "DATABASE_URL")


def close() -> None:
    """Called once at the start of web and worker, when the settings have been read.

    RLIMIT_CORE is inherited by children. Not dumpable means on Linux: no core dump, no ptrace by
    the same user, /proc/<pid>/mem and environ are root's. Where it isn't possible it is said.
    """
    for name in NOT_FOR_CHILDREN:
        os.environ.pop(name, None)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        logger.warning("other processes of this user can read the memory of this one")
