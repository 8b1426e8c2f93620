"""What the settings are read from, and what a box refuses to start with."""

import os
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from appliance import env
from appliance.database import url
from appliance.home import Home, current_home
from appliance.keyrings import files, places
from connector.crypto.errors import BadKeyring

OWNER_COMMANDS = {"keys", "migrate", "prepare", "makemigrations", "sqlmigrate", "showmigrations"}
WORKER_COMMANDS = {"work", "qcluster"}


def version(changelog: Path) -> str:
    """The newest version that the changelog names: its one source."""
    for line in changelog.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            return line.removeprefix("## ").split(" ")[0].strip("[]")
    raise ImproperlyConfigured(f"{changelog.name} names no version")


def default_process() -> str:
    """Commands that migrate are the owner's, the cluster is the worker's, the rest is web's."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in OWNER_COMMANDS:
        return "owner"
    return "worker" if command in WORKER_COMMANDS else "web"


def default_mode() -> str:
    """A home that quickstart made says so itself; everything else is production."""
    if sys.argv[1:2] == ["quickstart"]:
        return "practice"
    home = current_home()
    return "practice" if home and home.practice_mark.exists() else "production"


def home() -> Home | None:
    """The home of this box, refused if others could read its secrets."""
    found = current_home()
    if sys.argv[1:2] == ["quickstart"]:  # makes the home, and looks at it itself
        return None
    if found and not found.path.is_dir():
        raise ImproperlyConfigured(f"there is no box at {found.path}")
    if found:
        found.refuse_unsafe_modes()
    return found


def keyring_file(home: Home | None, process: str) -> Path | None:
    """Where the keyring of this process lies. The owner has none: it only migrates."""
    if process == "owner":
        return None
    named = env.path("CONNECTOR_KEYRING_FILE")
    return places.find(process, named=named, home=home.path if home else None)


def secret_key(keyring: Path | None) -> str:
    """Django's secret key of this process. Without a keyring it gets a passing one.

    The owner signs nothing; web and worker do nothing until their keyring is right, and then
    take the key from there (appliance.keyrings.kept).
    """
    try:
        return files.read(keyring).django if keyring else get_random_secret_key()
    except BadKeyring:
        return get_random_secret_key()


def database(home: Home | None, process: str) -> dict[str, Any]:
    """Database settings of this process.

    Raises:
        ImproperlyConfigured: neither a home nor DATABASE_URL says where the database is.
    """
    given = os.environ.get("DATABASE_URL")
    if _before_a_database(home, given):
        return {"ENGINE": "django.db.backends.dummy"}
    if given:
        file = env.path("DATABASE_PASSWORD_FILE")
        return url.from_url(given, password=env.secret_file(file) if file else None)
    if home:
        return url.from_home(home, process)
    raise ImproperlyConfigured(
        "No database: give DATABASE_URL, or the home of a box by --home DIR or CONNECTOR_HOME"
    )


def _before_a_database(home: Home | None, given: str | None) -> bool:
    """Keys are made before there is a database; other commands for keys ask it, if there is one."""
    if sys.argv[1:2] == ["keys"]:
        there = bool(given) or (home is not None and home.password_file("owner").exists())
        return sys.argv[2:3] == ["init"] or not there
    return sys.argv[1:2] == ["quickstart"]


def default_hosts(mode: str) -> list[str]:
    return ["127.0.0.1", "localhost"] if mode == "practice" else []


def default_public_url(home: Home | None, mode: str, hosts: list[str]) -> str:
    """How this box is reached from outside: at its first name, or at the port that quickstart took.

    A name with a dot before it or a "*" stands for many, and none of them is the box's own.
    """
    if mode == "practice":
        return home.state().get("url", "") if home and home.state_file.exists() else ""
    return next((f"https://{host}" for host in hosts if host.strip("*")[:1] not in ("", ".")), "")


def refuse_unsafe(
    *,
    mode: str,
    debug: bool,
    hosts: list[str],
    public_url: str,
    process: str,
) -> None:
    """Refuse to start a production box that is unsafe, naming all that is wrong at once.

    A keyring that is missing or wrong is no reason: such a box stays up and says so, see
    appliance.keyrings.gate.

    Raises:
        ImproperlyConfigured: what is wrong, and the variable that mends it.
    """
    if mode != "production":
        return
    problems = []
    if debug:
        problems.append("CONNECTOR_DEBUG is on; error pages would show what the box holds")
    if process == "web" and (not hosts or "*" in hosts):
        problems.append("CONNECTOR_HOSTS must name the hosts at which people reach this box")
    if process == "web" and not public_url.startswith("https://"):
        problems.append("CONNECTOR_PUBLIC_URL must be how others reach this box, with https://")
    if problems:
        raise ImproperlyConfigured("This box does not start: " + "; ".join(problems))
