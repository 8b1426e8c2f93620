"""Enter credentials from a file."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from appliance.private_file import NotPrivate, private
from connector.flows.credential_import import Imported, enter
from connector.flows.credential_rows import ImportRefused, parse

ACTOR = "command:credentials"
REFUSED = 3


class Command(BaseCommand):
    help = "Enter the credentials of many connections at once: all of a file, or nothing."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        sub = actions.add_parser("import", help="enter what a file holds")
        sub.add_argument(
            "file",
            type=Path,
            help="connection,field,value[,expires] as .csv, else lines CONNECTION__FIELD=value",
        )
        sub.add_argument("--dry-run", action="store_true", help="try all of it and keep nothing")
        sub.add_argument("--wipe", action="store_true", help="then overwrite and remove the file")

    def handle(
        self, *, file: Path, dry_run: bool, wipe: bool, action: str, **options: object
    ) -> None:
        if dry_run and wipe:
            raise CommandError("A file that was only tried is not wiped: leave out one of the two.")
        done: Imported | None = None
        try:
            with private(file, wipe=wipe) as content:
                rows = parse(_text(content, file), is_csv=file.suffix.lower() == ".csv")
                done = enter(rows, actor=ACTOR, dry_run=dry_run)
        except ImportRefused as refused:
            raise CommandError(f"{refused}\nNothing was changed.", returncode=REFUSED) from None
        except NotPrivate as refused:
            said = _said(done) if done else "Nothing was changed."
            raise CommandError(f"{refused}\n{said}", returncode=REFUSED) from None
        self.stdout.write(f"Tried, nothing kept: {_said(done)}" if dry_run else _said(done))
        if wipe:
            self.stdout.write(f"{file} is overwritten and removed.")


def _text(content: bytearray, file: Path) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise NotPrivate(f"{file} is not UTF-8 text.") from None


def _said(done: Imported) -> str:
    many = len(done.slugs)
    return (
        f"{many} credential{'s' if many != 1 else ''} with {done.fields} fields: "
        f"{', '.join(done.slugs)}. The worker tests each before it is used."
    )
