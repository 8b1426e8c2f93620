"""Keys of a box: make them, say which there are, change them, and bring lost ones back."""

from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from appliance import env
from appliance.keyrings import change, create, recover, recovery, status, told
from appliance.keyrings.change import Kit
from connector.crypto import shares
from connector.crypto.errors import CryptoError
from connector.crypto.keyring import Domain
from connector.crypto.secret import Secret
from connector.rekey.store import StillNeeded

ACTOR = "command:keys"
ACTIONS = {
    "init": "draw the keys of a new box",
    "status": "list the keys by their ids, and say how far sealing anew is",
    "rotate": "add new keys to a domain; the worker seals anew what the old ones sealed",
    "reseal": "seal anew here and now; for the domain people, which the worker has no keys of",
    "retire": "take out the old keys of a domain, once nothing names them any more",
    "recover": "make lost keyrings again, from the recovery kit or from its shares",
    "split": "print the root key of the recovery kit as word lists, of which some make it again",
}


class Command(BaseCommand):
    help = "Keys of a box."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for action, text in ACTIONS.items():
            sub = actions.add_parser(action, help=text)
            sub.add_argument("--home", type=Path, help="where the keyrings lie, if not in the home")
            if action in ("rotate", "reseal", "retire"):
                sub.add_argument("domain", type=Domain, choices=list(Domain))
            if action in ("rotate", "recover", "split"):
                sub.add_argument("--kit", type=Path, help="the recovery kit")
            if action in ("init", "rotate", "recover", "split"):
                sub.add_argument("--passphrase-file", type=Path, help="else it is asked for")
            if action == "rotate":
                sub.add_argument(
                    "--drawn", action="store_true", help="though no kit will bring the keys back"
                )
            if action == "recover":
                sub.add_argument("--shares", action="store_true", help="asks for the word lists")
            if action == "split":
                sub.add_argument("--shares", type=int, required=True, help="how many word lists")
                sub.add_argument("--threshold", type=int, required=True, help="how many make it")

    def handle(self, *, action: str, home: Path | None, **options: Any) -> None:
        directory = _directory(home)
        try:
            getattr(self, action)(directory, **options)
        except (CryptoError, StillNeeded, ValueError, OSError) as exc:
            raise CommandError(str(exc), returncode=3) from exc
        except DatabaseError as exc:
            raise CommandError(
                "The database of the box can't be used, so nothing was changed "
                f"({type(exc).__name__}). Start it, run `manage.py prepare`, and try again.",
                returncode=3,
            ) from exc

    def init(self, directory: Path, passphrase_file: Path | None, **_: object) -> None:
        passphrase = _passphrase(passphrase_file, twice=True)
        created = create.create_keyrings(directory, passphrase=passphrase)
        self._say(f"Box {created.cell}: {created.web} and {created.worker} are written.")
        self._say(
            f"The recovery kit is {created.kit}. Take it off this machine, and keep it and "
            "its passphrase apart: without both, lost keys and backups can't be recovered."
        )

    def status(self, directory: Path, **_: object) -> None:
        found = status.status(directory)
        self._say(f"Box {found.cell or 'unknown'} at {directory}")
        for line in found.lines:
            use = "primary" if line.primary else "older"
            self._say(f"{line.process:<8}{line.domain:<10}{line.role:<6}{line.id}  {use}")
        if found.kit_beside:
            self._say(
                f"{create.KIT_NAME} is still beside the keyrings. Keep it elsewhere: whoever takes "
                "this directory needs only its passphrase."
            )
        for text in told.progress(found.lines):
            self._say(text)
        problems = [*found.problems, *told.missing(directory)]
        if problems:
            raise CommandError("\n".join(problems), returncode=3)

    def rotate(
        self,
        directory: Path,
        domain: Domain,
        kit: Path | None,
        passphrase_file: Path | None,
        drawn: bool,
        **_: object,
    ) -> None:
        there = kit or directory / create.KIT_NAME
        opened = None
        if change.has_kit(directory) and not drawn and domain not in change.NEVER_ROTATED:
            if not there.exists():
                raise CommandError(
                    f"This box has a recovery kit. Give it by --kit FILE, so that it brings back "
                    f"the new keys of {domain} too; or say --drawn to do without.",
                    returncode=3,
                )
            opened = Kit(there, _passphrase(passphrase_file, twice=False))
        done = change.rotate(directory, domain, kit=opened, actor=ACTOR)
        self._say(f"The keys of {domain} are now {', '.join(done.key_ids)}. The old ones are kept.")
        if opened:
            self._say(f"{there} was written again. Replace the copies that you keep elsewhere.")
        else:
            self._say(
                "They were drawn: no recovery kit brings them back. Keep copies of both files."
            )
        self._say(_how_resealed(domain))

    def reseal(self, directory: Path, domain: Domain, **_: object) -> None:
        done = change.reseal(directory, domain, actor=ACTOR)
        self._say(f"{done:,} values of {domain} are sealed anew.")

    def retire(self, directory: Path, domain: Domain, **_: object) -> None:
        done = change.retire(directory, domain, actor=ACTOR)
        self._say(f"Retired from {domain}: {', '.join(done.key_ids)}.")

    def recover(
        self,
        directory: Path,
        kit: Path | None,
        passphrase_file: Path | None,
        shares: bool,
        **_: object,
    ) -> None:
        if shares == bool(kit):
            raise CommandError("Give either --kit FILE or --shares.")
        root = recovery.Root(_joined()) if kit is None else _opened(kit, passphrase_file)
        done = recover.recover(directory, root, told.known())
        self._say(f"Box {done.cell}: {' and '.join(map(str, done.made))} written again.")
        for key in done.missing:
            self._say(f"Not brought back, since it was drawn and not derived: {key}")
        if not told.of_recovery(done, "shares" if shares else "kit", actor=ACTOR):
            self._say("There is no database here to record it in.")

    def split(
        self,
        directory: Path,
        kit: Path | None,
        passphrase_file: Path | None,
        shares: int,
        threshold: int,
        **_: object,
    ) -> None:
        root = _opened(kit or directory / create.KIT_NAME, passphrase_file)
        lists = told.split(directory, root, shares=shares, threshold=threshold, actor=ACTOR)
        self._say(f"Box {root.cell}: {threshold} of these {shares} lists make its root key again.")
        for number, words in enumerate(lists, 1):
            self._say(f"\nShare {number} of {shares}\n{words.reveal()}")
        self._say("\nThey are shown this once. Give each to somebody else, on paper.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)


def _how_resealed(domain: Domain) -> str:
    if domain is Domain.PEOPLE:
        return "Now run: manage.py keys reseal people"
    if domain in (Domain.AUDIT, Domain.BACKUP):
        return "What the old ones made stays as it is."
    return "The worker seals anew what they sealed; `keys status` says how far it is."


def _directory(home: Path | None) -> Path:
    directory = home or (settings.HOME.path if settings.HOME else None)
    if directory is None:
        raise CommandError("Which box? Give --home DIR.")
    if not directory.is_dir():
        raise CommandError(f"There is no directory {directory}. Run: mkdir -m 700 {directory}")
    return directory


def _opened(kit: Path, passphrase_file: Path | None) -> recovery.Root:
    return recovery.open_kit(
        kit.read_text(encoding="utf-8"), _passphrase(passphrase_file, twice=False)
    )


def _joined() -> bytes:
    first = Secret(getpass("Share 1: "))
    number = shares.needed(first)
    return shares.join([first, *(Secret(getpass(f"Share {n}: ")) for n in range(2, number + 1))])


def _passphrase(file: Path | None, *, twice: bool) -> Secret:
    if file:
        return Secret(env.secret_file(file, at_least=1))
    first = Secret(getpass("Passphrase of the recovery kit: ").strip())
    if twice and first != Secret(getpass("The same again: ").strip()):
        raise CommandError("The two passphrases differ. Nothing was written.")
    return first
