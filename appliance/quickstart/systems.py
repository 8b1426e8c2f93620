"""The two practice systems seen from outside: their keys, their files, their administration."""

import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.home import Home

FILES = Path(__file__).parent / "files"
SECRETS = {
    "erp-client-id": ("erp", "client_id"),
    "erp-client-secret": ("erp", "client_secret"),
    "ap-user": ("ap", "user"),
    "ap-password": ("ap", "password"),
}


def files(state: Mapping[str, str]) -> dict[str, str]:
    """The files of the practice box, with the addresses of its systems."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in FILES.iterdir()}
    text = texts["connections.yaml"]
    for name in ("erp_url", "ap_url"):
        text = text.replace(f"@{name}@", state[name])
    return {**texts, "connections.yaml": text}


def keep_secrets(home: Home, keys: Mapping[str, Mapping[str, str]]) -> None:
    """Put the keys of the practice systems where the files look for secrets."""
    for name, (system, key) in SECRETS.items():
        file = home.secrets / name
        file.touch(mode=0o600)
        file.write_text(keys[system][key])


def call(url: str, token: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A call of a practice system's administration, answered as JSON."""
    request = urllib.request.Request(url)  # noqa: S310
    request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # nosec B310
        said: dict[str, Any] = json.loads(answer.read() or b"{}")
        return said
