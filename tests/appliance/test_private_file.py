"""appliance.private_file"""

import os
from pathlib import Path

import pytest

from appliance.private_file import NotPrivate, private

SECRET = b"sk-live-in-a-file"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secrets.env"
    path.write_bytes(SECRET)
    path.chmod(0o600)
    return path


def test_it_is_read_and_its_bytes_are_overwritten_in_memory(file: Path) -> None:
    with private(file) as content:
        assert content == SECRET

    assert content == bytes(len(SECRET))
    assert file.read_bytes() == SECRET


def test_its_bytes_are_overwritten_in_memory_after_an_error_too(file: Path) -> None:
    with pytest.raises(ZeroDivisionError), private(file, wipe=True) as content:
        raise ZeroDivisionError

    assert content == bytes(len(SECRET))
    assert file.read_bytes() == SECRET


def test_a_wiped_file_is_overwritten_before_it_is_removed(file: Path) -> None:
    kept = os.open(file, os.O_RDONLY)
    try:
        with private(file, wipe=True):
            pass

        assert not file.exists()
        assert os.pread(kept, 100, 0) == bytes(len(SECRET))
    finally:
        os.close(kept)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_can_read_or_write_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)

    with pytest.raises(NotPrivate, match="chmod 600"), private(file, wipe=True):
        raise AssertionError("read")

    assert file.read_bytes() == SECRET


@pytest.mark.parametrize("wipe", [False, True])
def test_a_symbolic_link_is_refused(file: Path, tmp_path: Path, wipe: bool) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)

    with pytest.raises(NotPrivate, match="symbolic link"), private(link, wipe=wipe):
        raise AssertionError("read")

    assert file.read_bytes() == SECRET


def test_a_file_with_a_second_name_is_not_wiped(file: Path, tmp_path: Path) -> None:
    (tmp_path / "other").hardlink_to(file)

    with pytest.raises(NotPrivate, match="second name"), private(file, wipe=True):
        raise AssertionError("read")

    assert file.read_bytes() == SECRET


@pytest.mark.parametrize("kind", ["folder", "pipe", "nothing"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir(mode=0o700)
    elif kind == "pipe":
        os.mkfifo(path, 0o600)

    with pytest.raises(NotPrivate), private(path):
        raise AssertionError("read")


def test_a_file_that_was_exchanged_meanwhile_stays(file: Path, tmp_path: Path) -> None:
    with private(file, wipe=True):
        file.rename(tmp_path / "moved")
        file.write_bytes(b"another")

    assert file.read_bytes() == b"another"
    assert (tmp_path / "moved").read_bytes() == bytes(len(SECRET))
