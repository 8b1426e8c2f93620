"""appliance.keyrings.places: which file is the keyring, and who may have put it there"""

from pathlib import Path

import pytest

from appliance.keyrings import files, places
from connector.crypto.errors import BadKeyring
from tests import keyrings


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is /run/secrets elsewhere."""
    (tmp_path / "secrets").mkdir()
    monkeypatch.setattr(places, "DOCKER", tmp_path / "secrets")
    return tmp_path / "secrets"


def keyring_in(directory: Path, mode: int = 0o600) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / "web.keyring"
    path.write_bytes(files.encode("web", keyrings.web(), "secret"))
    path.chmod(mode)
    return path


def test_the_first_that_is_there_is_taken_in_a_fixed_order(
    tmp_path: Path, docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setattr(places, "_credentials", tmp_path / "systemd")

    def found(named: Path | None = None) -> Path:
        return places.find("web", named=named, home=home)

    assert found() == home / "web.keyring"
    for directory in (home, docker, tmp_path / "systemd"):
        assert keyring_in(directory) == found()
    assert found(tmp_path / "named") == tmp_path / "named"


def test_without_a_home_it_is_waited_for_where_docker_puts_it(docker: Path) -> None:
    assert places.find("worker", named=None, home=None) == docker / "worker.keyring"


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o444, 0o600])
def test_what_docker_hands_over_may_be_readable_inside_its_container(
    mode: int, docker: Path
) -> None:
    assert files.read(keyring_in(docker, mode)).process == "web"


@pytest.mark.parametrize("mode", [0o460, 0o446, 0o666, 0o602])
def test_but_not_writable_by_others(mode: int, docker: Path) -> None:
    with pytest.raises(BadKeyring, match="chmod 600"):
        files.read(keyring_in(docker, mode))


@pytest.mark.parametrize("mode", [0o440, 0o444])
def test_elsewhere_nobody_else_may_read_it(mode: int, tmp_path: Path) -> None:
    with pytest.raises(BadKeyring, match="others can read it"):
        files.read(keyring_in(tmp_path / "home", mode))
