"""Entries that do nothing but say when they began: eight bytes a job, in one file."""

import os
import struct
import time
from functools import cache

ENV = "BENCHMARK_MARKS"


@cache
def _file() -> int:
    return os.open(os.environ[ENV], os.O_WRONLY | os.O_APPEND)


def stock() -> None:
    os.write(_file(), struct.pack("d", time.time()))


def ours(args: object, job: object) -> None:
    stock()
