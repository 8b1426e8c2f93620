"""Write the box as files."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from appliance.configuration import NotReadable, export_files


class Command(BaseCommand):
    help = "Write systems, connections, flows and endpoints as files. Secrets are never in them."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--only", action="append", default=[], help="section/slug, for example flows/bills"
        )
        parser.add_argument("--to", type=Path, help="folder; without it the text is printed")

    def handle(self, *, only: list[str], to: Path | None, **options: object) -> None:
        try:
            files = export_files(only)
        except NotReadable as refused:
            raise CommandError(str(refused), returncode=3) from None
        if to is None:
            self.stdout.write(files["box.yaml"], ending="")
            return
        to.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (to / name).write_text(text, encoding="utf-8")
            self.stdout.write(str(to / name))
