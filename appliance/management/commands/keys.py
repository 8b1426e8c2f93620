"""Make the keys of a box, make them again from the recovery kit, or say which there are."""

from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from appliance import env
from appliance.keyrings import create, status
from connector.crypto.errors import CryptoError
from connector.crypto.secret import Secret


class Command(BaseCommand):
    help = "Keys of a box: init makes them, restore takes them from the kit, status lists them."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for action, text in (
            ("init", "draw the keys of a new box"),
            ("restore", "write the keyrings again from a recovery kit"),
            ("status", "list the keys by their ids"),
        ):
            sub = actions.add_parser(action, help=text)
            sub.add_argument("--home", type=Path, help="home of the box, if not of the settings")
            if action != "status":
                sub.add_argument("--passphrase-file", type=Path, help="else it is asked for")
            if action == "restore":
                sub.add_argument("--kit", type=Path, required=True, help="the recovery kit")

    def handle(
        self,
        *,
        action: str,
        home: Path | None,
        passphrase_file: Path | None = None,
        kit: Path | None = None,
        **options: object,
    ) -> None:
        directory = _directory(home)
        try:
            if action == "status":
                self._status(directory)
            elif kit is None:
                passphrase = _passphrase(passphrase_file, twice=True)
                self._say(create.create_keyrings(directory, passphrase=passphrase))
            else:
                passphrase = _passphrase(passphrase_file, twice=False)
                text = kit.read_text(encoding="utf-8")
                self._say(create.restore_keyrings(directory, kit=text, passphrase=passphrase))
        except (CryptoError, ValueError, OSError) as exc:
            raise CommandError(str(exc), returncode=3) from exc

    def _say(self, created: create.Created) -> None:
        self.stdout.write(f"Box {created.cell}: {created.web} and {created.worker} are written.")
        if created.kit:
            self.stdout.write(
                f"The recovery kit is {created.kit}. Take it off this machine, and keep it and "
                "its passphrase apart: without both, lost keys and backups can't be recovered."
            )

    def _status(self, directory: Path) -> None:
        found = status.status(directory)
        self.stdout.write(f"Box {found.cell or 'unknown'} at {directory}")
        for line in found.lines:
            use = "primary" if line.primary else "older"
            self.stdout.write(f"{line.process:<8}{line.domain:<10}{line.role:<6}{line.id}  {use}")
        if found.kit_beside:
            self.stdout.write(
                f"{create.KIT_NAME} is still beside the keyrings. Keep it elsewhere: whoever takes "
                "this directory needs only its passphrase."
            )
        if found.problems:
            raise CommandError("\n".join(found.problems), returncode=3)


def _directory(home: Path | None) -> Path:
    directory = home or (settings.HOME.path if settings.HOME else None)
    if directory is None:
        raise CommandError("Which box? Give --home DIR.")
    if not directory.is_dir():
        raise CommandError(f"There is no directory {directory}. Run: mkdir -m 700 {directory}")
    return directory


def _passphrase(file: Path | None, *, twice: bool) -> Secret:
    if file:
        return Secret(env.secret_file(file, at_least=1))
    first = Secret(getpass("Passphrase of the recovery kit: ").strip())
    if twice and first != Secret(getpass("The same again: ").strip()):
        raise CommandError("The two passphrases differ. Nothing was written.")
    return first
