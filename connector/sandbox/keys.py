"""The secrets of a practice system, made at its first start and kept in its own directory."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from connector.crypto import mac

FILE = "keys.json"
NAMES = ("client_id", "client_secret", "user", "password", "admin_token")


def read_or_make(home: Path) -> Mapping[str, str]:
    """Client id and secret (ERP), user and password (AP ledger), token of the administration."""
    path = home / FILE
    if path.exists():
        held: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return held
    made = {name: mac.token(24) for name in NAMES} | {"client_id": "connector", "user": "connector"}
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(made, file)
    return made
