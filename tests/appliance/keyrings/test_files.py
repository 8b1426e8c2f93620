"""appliance.keyrings.files"""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.keyrings import derive, files
from connector.crypto.errors import BadKeyring
from tests import keyrings


def _write(path: Path, process: derive.Process = "web", mode: int = 0o600) -> Path:
    keyring = keyrings.web() if process == "web" else keyrings.worker()
    path.write_bytes(files.encode(process, keyring, f"django secret of {process}"))
    path.chmod(mode)
    return path


def _edited(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("process", ["web", "worker"])
def test_a_keyring_is_read_as_it_was_written(process: derive.Process, tmp_path: Path) -> None:
    path = _write(tmp_path / "k", process)

    opened = files.read(path)

    expected = keyrings.web() if process == "web" else keyrings.worker()
    assert opened.process == process
    assert opened.keyring.cell == expected.cell
    assert [(k.domain, k.role, k.id, k.material) for k in opened.keyring.all_keys()] == [
        (k.domain, k.role, k.id, k.material) for k in expected.all_keys()
    ]
    assert opened.django == f"django secret of {process}"


def test_what_was_read_does_not_show_itself(tmp_path: Path) -> None:
    opened = files.read(_write(tmp_path / "k"))
    line = files.KeyLine(
        *(getattr(opened.keyring.all_keys()[0], n) for n in ("domain", "role", "id", "material"))
    )

    shown = f"{opened!r} {opened} {line!r}"

    assert "django secret" not in shown
    for key in opened.keyring.all_keys():
        assert repr(key.material) not in shown


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_keyring_that_others_could_read_is_refused_with_the_cure(
    mode: int, tmp_path: Path
) -> None:
    path = _write(tmp_path / "k", mode=mode)

    with pytest.raises(BadKeyring, match=f"has mode {mode:04o}.*Run: chmod 600 {path}"):
        files.read(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_keyring_of_somebody_else_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = _write(tmp_path / "k")
    os.chown(path, 12345, 12345)

    with pytest.raises(BadKeyring, match=f"belongs to the user 12345.*Run: chown 0 {path}"):
        files.read(path)


def test_a_missing_keyring_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BadKeyring, match=r"manage\.py keys init"):
        files.read(tmp_path / "k")
    with pytest.raises(BadKeyring, match="can't be read"):
        files.read(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"canary", b"[]", b'{"format":1}', b'{"format":1,"canary":2}', b"\xff"]
)
def test_a_file_that_is_no_keyring_is_refused_without_showing_it(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "k"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(BadKeyring, match="no keyring that this version reads") as refused:
        files.read(path)

    assert "canary" not in str(refused.value)


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = _edited(_write(tmp_path / "k"), lambda content: content.update(format=2))

    with pytest.raises(BadKeyring, match="format 2; this version reads 1"):
        files.read(path)


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    damaged = base64.b64encode(bytes(32)).decode()
    path = _edited(_write(tmp_path / "k"), lambda content: content["keys"][0].update(key=damaged))

    with pytest.raises(BadKeyring, match=r"c326a4a950dc2dd3.*is damaged"):
        files.read(path)


def test_a_keyring_of_web_with_a_key_of_the_worker_is_refused(tmp_path: Path) -> None:
    path = _edited(_write(tmp_path / "k", "worker"), lambda content: content.update(process="web"))

    with pytest.raises(BadKeyring, match="that the web process must never have"):
        files.read(path)
