"""A folder of files as quickstart ships them, and the secrets that they name."""

from pathlib import Path

import pytest
from pytest_django import Settings

from appliance.quickstart import systems

ADDRESSES = {"erp_url": "http://127.0.0.1:9001", "ap_url": "http://127.0.0.1:9002"}
SECRET = "never-in-a-file-9b1f"


@pytest.fixture
def secrets(tmp_path: Path, settings: Settings) -> Path:
    """The folder of secrets, filled."""
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    for name in systems.SECRETS:
        (folder / name).write_text(f"{SECRET}\n")
    (folder / "webhook").write_text("whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cw==")
    settings.CONNECTOR_SECRETS_DIRECTORY = folder
    return folder


@pytest.fixture
def files(tmp_path: Path, secrets: Path) -> Path:
    """Connections, a value map, flows and an endpoint, as files."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name, text in systems.files(ADDRESSES).items():
        (folder / name).write_text(text)
    return folder


def change(file: Path, old: str, new: str) -> int:
    """Replace a text that stands there, and answer the first line that changed."""
    before = file.read_text()
    assert old in before
    file.write_text(before.replace(old, new, 1))
    return before[: before.index(old)].count("\n") + 1
