"""Reading a file of secrets that nobody else can read, and wiping it afterwards."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.flows.credential_rows import MOST_BYTES


class NotPrivate(Exception):
    """The file was not read, or not wiped; the text says why."""


@contextmanager
def private(path: Path, *, wipe: bool = False) -> Iterator[bytearray]:
    """The bytes of a file, overwritten in memory when the block ends.

    What Python made of them in between (texts, parts of texts) is freed, not overwritten.

    Args:
        wipe: if the block ends well, overwrite the file and remove it. On disks and file
            systems that write elsewhere (flash, snapshots) old blocks may outlive that.

    Raises:
        NotPrivate: a symbolic link, no plain file, one that others can read, not ours, with a
            second name where it is to be wiped, or larger than 5 MB. Nothing was read.
    """
    try:
        flags = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        handle = os.open(path, flags | (os.O_RDWR if wipe else os.O_RDONLY))
    except OSError as error:
        link = error.errno == errno.ELOOP
        why = "it is a symbolic link" if link else (error.strerror or "it can't be opened").lower()
        raise NotPrivate(f"{path} was not read: {why}.") from None
    content = bytearray()
    try:
        content = _read(handle, path, wipe=wipe)
        yield content
        if wipe:
            _wipe(handle, path)
    finally:
        content[:] = bytes(len(content))
        os.close(handle)


def _read(handle: int, path: Path, *, wipe: bool) -> bytearray:
    found = os.fstat(handle)
    why = ""
    if not stat.S_ISREG(found.st_mode):
        why = "it is no plain file"
    elif found.st_mode & 0o077:
        why = f"others can read it; chmod 600 {path}"
    elif found.st_uid != os.geteuid():
        why = "it belongs to somebody else"
    elif wipe and found.st_nlink > 1:
        why = "it has a second name, which would stay"
    elif found.st_size > MOST_BYTES:
        why = f"it is larger than {MOST_BYTES} bytes"
    if why:
        raise NotPrivate(f"{path} was not read: {why}.")
    content = bytearray(found.st_size)
    with memoryview(content) as view:
        at = 0
        while at < len(content):
            count = os.readv(handle, [view[at:]])
            if not count:
                raise NotPrivate(f"{path} was not read: it changed meanwhile.")
            at += count
    return content


def _wipe(handle: int, path: Path) -> None:
    found = os.fstat(handle)
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        left = found.st_size
        while left:
            left -= os.write(handle, bytes(min(left, 65_536)))
        os.fsync(handle)
        there = path.lstat()
        if (there.st_dev, there.st_ino) == (found.st_dev, found.st_ino):
            path.unlink()
    except OSError as error:
        raise NotPrivate(
            f"{path} could not be wiped: {(error.strerror or 'no reason').lower()}. Remove it."
        ) from None
