"""appliance.keyrings.create and appliance.keyrings.status"""

import os
import stat
from pathlib import Path

import pytest

from appliance.keyrings import create, files, recovery, status
from appliance.keyrings.files import KeysExistError
from connector.crypto import passphrase
from connector.crypto.errors import NotHeld
from connector.crypto.keyring import Domain
from connector.crypto.passphrase import Cost
from connector.crypto.secret import Secret

WORDS = Secret("correct horse battery")


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id at its usual cost takes a second; that cost has a test of its own."""
    usual = passphrase.seal
    monkeypatch.setattr(
        passphrase, "seal", lambda *a, cost, **k: usual(*a, cost=Cost(1, 8192), **k)
    )


def test_a_new_box_gets_two_keyrings_that_fit_and_a_kit(tmp_path: Path) -> None:
    created = create.create_keyrings(tmp_path, passphrase=WORDS)

    found = status.status(tmp_path)
    assert (found.cell, found.problems, found.kit_beside) == (created.cell, (), True)
    assert {path.name for path in tmp_path.iterdir()} == {
        "web.keyring",
        "worker.keyring",
        "recovery.kit",
    }
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert files.read(created.web).django != files.read(created.worker).django


def test_a_wide_umask_does_not_open_the_files(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        created = create.create_keyrings(tmp_path, passphrase=None)
    finally:
        os.umask(before)

    assert stat.S_IMODE(created.worker.stat().st_mode) == 0o600


def test_the_root_is_in_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = recovery.new_root()
    monkeypatch.setattr(recovery, "new_root", lambda: root)

    create.create_keyrings(tmp_path, passphrase=WORDS)

    told = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert root.material not in told
    assert root.material.hex().encode() not in told
    assert WORDS.reveal_bytes() not in told


def test_two_boxes_share_no_key(tmp_path: Path) -> None:
    ids = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        create.create_keyrings(tmp_path / name, passphrase=None)
        ids.append({line.id for line in status.status(tmp_path / name).lines})

    assert not ids[0] & ids[1]


def test_without_a_passphrase_there_is_no_kit_and_no_key_for_backups(tmp_path: Path) -> None:
    created = create.create_keyrings(tmp_path, passphrase=None)

    worker = files.read(created.worker).keyring
    assert created.kit is None
    assert not (tmp_path / "recovery.kit").exists()
    with pytest.raises(NotHeld, match="domain backup"):
        worker.primary(Domain.BACKUP)


@pytest.mark.parametrize("name", ["web.keyring", "worker.keyring", "recovery.kit"])
def test_keys_that_are_there_are_never_written_over(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")

    with pytest.raises(KeysExistError, match=f"has keys already .*{name}"):
        create.create_keyrings(tmp_path, passphrase=WORDS)

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]


def test_a_keyring_that_appears_meanwhile_is_kept_and_ours_are_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "exists", lambda path: False)
    (tmp_path / "worker.keyring").write_text("theirs")

    with pytest.raises(KeysExistError, match="somebody else"):
        create.create_keyrings(tmp_path, passphrase=WORDS)

    assert [path.name for path in tmp_path.iterdir()] == ["worker.keyring"]
    assert (tmp_path / "worker.keyring").read_text() == "theirs"


def test_a_link_that_points_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "web.keyring").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(KeysExistError):
        create.create_keyrings(tmp_path, passphrase=None)

    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "worker.keyring").exists()


def test_a_disk_that_fails_leaves_no_half_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fails_at_the_second(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails_at_the_second)

    with pytest.raises(OSError, match="No space"):
        create.create_keyrings(tmp_path, passphrase=WORDS)

    assert list(tmp_path.iterdir()) == []


def test_a_short_passphrase_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 12"):
        create.create_keyrings(tmp_path, passphrase=Secret("short"))

    assert list(tmp_path.iterdir()) == []


def test_status_tells_of_keyrings_that_do_not_fit(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        create.create_keyrings(tmp_path / name, passphrase=None)
    (tmp_path / "b" / "web.keyring").rename(tmp_path / "a" / "web.keyring")

    mixed = status.status(tmp_path / "a")
    half = status.status(tmp_path / "b")

    assert "is of the box" in mixed.problems[0]
    assert "There is no keyring at" in half.problems[0]
    assert {line.process for line in half.lines} == {"worker"}
    assert status.status(tmp_path).cell == ""


def test_status_tells_of_a_keyring_under_the_other_name(tmp_path: Path) -> None:
    create.create_keyrings(tmp_path, passphrase=None)
    (tmp_path / "web.keyring").write_bytes((tmp_path / "worker.keyring").read_bytes())

    assert "web.keyring is the keyring of worker." in status.status(tmp_path).problems
