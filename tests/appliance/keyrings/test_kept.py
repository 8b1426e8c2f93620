"""appliance.keyrings.kept: a running process uses what its keyring file holds now"""

import logging
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings

from appliance.keyrings import derive, files, kept
from appliance.keyrings.files import Opened
from appliance.keyrings.held import HeldKeys
from appliance.keyrings.kept import KeptKeyring
from connector.crypto.errors import BadKeyring, UnknownKey
from connector.crypto.keyring import Domain, Keyring
from tests import keyrings

NEW = next(key for key in keyrings.rotated().all_keys() if key.domain is Domain.PAYLOAD)


def write(path: Path, keyring: Keyring, process: str = "web") -> Path:
    held = HeldKeys(
        keyring.cell,
        tuple(k for k in keyring.all_keys() if (k.domain, k.role) in derive.may_hold(process)),
    )
    new = path.with_suffix(".new")
    new.write_bytes(files.encode(process, held, f"django secret of {process}"))  # type: ignore[arg-type]
    new.chmod(0o600)
    new.rename(path)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "web.keyring", keyrings.both())


@pytest.fixture
def taken() -> list[Opened]:
    return []


@pytest.fixture
def ring(file: Path, taken: list[Opened]) -> KeptKeyring:
    return KeptKeyring(file, "web", taken.append)


@pytest.fixture(autouse=True)
def _look_always(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "slowly" not in request.node.name:
        monkeypatch.setattr(kept, "LOOK_S", 0.0)


def test_a_key_that_was_added_is_used_at_once_and_the_old_one_still_opens(
    file: Path, ring: KeptKeyring, taken: list[Opened]
) -> None:
    old = ring.primary(Domain.PAYLOAD)

    write(file, keyrings.rotated())

    assert ring.primary(Domain.PAYLOAD).id == NEW.id
    assert ring.key(Domain.PAYLOAD, old.id).material == old.material
    assert len(taken) == 2


def test_the_file_is_read_once_while_it_does_not_change(
    ring: KeptKeyring, taken: list[Opened]
) -> None:
    for _ in range(5):
        ring.primary(Domain.CONFIG)

    assert len(taken) == 1


def test_the_file_is_looked_at_slowly_but_at_once_for_a_key_that_is_not_held(
    file: Path, ring: KeptKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ring.primary(Domain.PAYLOAD)
    looks: list[Path] = []
    stat = kept._stamp
    monkeypatch.setattr(kept, "_stamp", lambda path: looks.append(path) or stat(path))  # type: ignore[func-returns-value]

    write(file, keyrings.rotated())

    assert ring.primary(Domain.PAYLOAD) is first
    assert looks == []
    assert ring.key(Domain.PAYLOAD, NEW.id).id == NEW.id
    assert ring.primary(Domain.PAYLOAD).id == NEW.id
    with pytest.raises(UnknownKey):
        ring.key(Domain.PAYLOAD, "00" * 8)
    assert len(looks) == 2


@pytest.mark.parametrize("harm", ["gone", "cut", "open", "other box", "other process"])
def test_what_was_read_stays_in_use_when_the_file_can_not_be_used(
    harm: str, file: Path, ring: KeptKeyring, caplog: pytest.LogCaptureFixture
) -> None:
    before = ring.held()
    ring.is_right()
    if harm == "gone":
        file.unlink()
    elif harm == "cut":
        file.write_bytes(file.read_bytes()[:-30])
    elif harm == "open":
        file.chmod(0o644)
    elif harm == "other box":
        write(file, keyrings.other_box())
    else:
        write(file, keyrings.both(), "worker")

    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert ring.held() is before

    assert len(caplog.records) == 1
    assert "stays in use" in caplog.text
    write(file, keyrings.rotated())
    assert ring.primary(Domain.PAYLOAD).id == NEW.id


def test_a_process_without_a_keyring_gets_it_when_it_is_there(
    file: Path, ring: KeptKeyring, taken: list[Opened]
) -> None:
    content = file.read_bytes()
    file.unlink()
    for _ in range(2):
        with pytest.raises(BadKeyring, match="There is no keyring at"):
            ring.primary(Domain.CONFIG)

    file.touch(mode=0o644)
    file.write_bytes(content)
    with pytest.raises(BadKeyring, match="chmod 600"):
        ring.all_keys()
    file.chmod(0o600)

    assert ring.cell == keyrings.both().cell
    assert [one.django for one in taken] == ["django secret of web"]


def test_a_process_loads_its_own_keyring_alone_and_signs_with_its_secret(file: Path) -> None:
    with override_settings(KEYRING_FILE=file, PROCESS="web", SECRET_KEY="passing"):
        assert kept.load().cell == keyrings.web().cell
        assert settings.SECRET_KEY == "django secret of web"
    with (
        override_settings(KEYRING_FILE=file, PROCESS="worker", SECRET_KEY="passing"),
        pytest.raises(BadKeyring, match="keyring of web, but this is the worker process"),
    ):
        kept.load().all_keys()
    with (
        override_settings(KEYRING_FILE=None, PROCESS="owner"),
        pytest.raises(BadKeyring, match="This process has no keyring"),
    ):
        kept.load()
