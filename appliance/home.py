"""The home directory of a box: what lies where, and who may read it.

home/
  web.keyring  worker.keyring     0600, see appliance.keyrings
  secrets/db-{owner,web,worker}   passwords of the database roles, 0600
  pg/                             data of the embedded Postgres
  run/                            pid files and the state of a running box
  log/                            one file a process
"""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

ENV = "CONNECTOR_HOME"


@dataclass(frozen=True, slots=True)
class Home:
    """Paths inside one home directory."""

    path: Path

    @property
    def pg(self) -> Path:
        return self.path / "pg"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def log(self) -> Path:
        return self.path / "log"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def state_file(self) -> Path:
        return self.run / "box.json"

    @property
    def socket(self) -> Path:
        """The directory of the database's socket; elsewhere if the home's path is too long."""
        note = self.run / "socket"
        return Path(note.read_text()) if note.exists() else self.run

    @property
    def practice_mark(self) -> Path:
        """Stands in a home that quickstart made: plain http on loopback is allowed there."""
        return self.path / "practice"

    def state(self) -> dict[str, str]:
        """What a running box said of itself: its address and processes."""
        found: dict[str, str] = json.loads(self.state_file.read_text())
        return found

    def keyring(self, process: str) -> Path:
        """The keyring of the process "web" or "worker"."""
        return self.path / f"{process}.keyring"

    def password_file(self, role: str) -> Path:
        return self.secrets / f"db-{role}"

    def create(self) -> None:
        """Make the directory and its parts, readable by their owner alone."""
        self.path.mkdir(parents=True, exist_ok=True)
        if not any(self.path.iterdir()):
            # As root, Postgres runs as somebody else, who must get through to its own part.
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for part in (self.run, self.log, self.secrets):
            part.mkdir(mode=0o700, exist_ok=True)

    def refuse_unsafe_modes(self) -> None:
        """Refuse a home whose secrets somebody else on this machine could read.

        Keyrings are looked at where they are read: without them a box stays up and says so.

        Raises:
            ImproperlyConfigured: names the path, its mode and the command that mends it.
        """
        writable_by_others = stat.S_IWGRP | stat.S_IWOTH
        if self.path.stat().st_mode & (writable_by_others | stat.S_IRGRP | stat.S_IROTH):
            raise ImproperlyConfigured(_too_open(self.path, "700"))
        for file in sorted(self.secrets.glob("*")):
            if file.exists() and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ImproperlyConfigured(_too_open(file, "600"))


def _too_open(path: Path, mode: str) -> str:
    found = stat.S_IMODE(path.stat().st_mode)
    return (
        f"{path} has mode {found:04o}, so others may get at its secrets. Run: chmod {mode} {path}"
    )


def current_home() -> Home | None:
    """The home named by the environment, or None where the box is set up by variables alone."""
    value = os.environ.get(ENV)
    return Home(Path(value).resolve()) if value else None


def take_home_option(argv: list[str]) -> list[str]:
    """Take `--home DIR` out of a command line and put it into the environment.

    Every command, Django's own included, works on a home; so the option is read
    before the settings are.
    """
    rest = list(argv)
    for index, word in enumerate(argv):
        if word == "--home" and index + 1 < len(argv):
            os.environ[ENV] = argv[index + 1]
            del rest[index : index + 2]
            break
        if word.startswith("--home="):
            os.environ[ENV] = word.removeprefix("--home=")
            del rest[index]
            break
    return rest
