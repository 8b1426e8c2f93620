"""Make the box what files say."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from appliance.configuration import NotReadable, apply_files, read_files
from connector.flows.apply import NotApplied
from connector.flows.flow_files import DocumentError

DIFFERS = 2
REFUSED = 3


class Command(BaseCommand):
    help = "Create or change systems, connections, flows and endpoints as FILE or a folder says."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="a YAML file or a folder of them")
        parser.add_argument("--check", action="store_true", help="only say what would change")
        parser.add_argument("--secrets", action="store_true", help="enter all secrets anew")

    def handle(self, *, path: Path, check: bool, secrets: bool, **options: object) -> None:
        try:
            applied = apply_files(
                read_files(path), actor="command:apply", check=check, renew_secrets=secrets
            )
        except (NotReadable, DocumentError, NotApplied) as refused:
            raise CommandError(f"{refused}\nNothing was changed.", returncode=REFUSED) from None
        for change in applied.changes:
            if change.action != "unchanged":
                self.stdout.write(str(change))
        if not applied.differs:
            self.stdout.write("nothing to do")
        elif check:
            raise CommandError("the box differs from its files", returncode=DIFFERS)
