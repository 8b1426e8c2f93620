"""Look for secrets that were just put in, everywhere where the box could have left them."""

import signal
from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from appliance.leaktest import owner as owners
from appliance.leaktest import places
from appliance.leaktest.owner import Owner
from appliance.leaktest.places import Sweep
from appliance.leaktest.plant import ACTOR, Planted, planted
from appliance.leaktest.said import kept_back
from appliance.leaktest.search import look, needles
from appliance.leaktest.spellings import spellings
from connector.audit import log
from connector.audit.actions import Action

REFUSED = 3
NEVER_SEEN = (
    "memory of the processes, swap and backups",
    "mappings, value maps and payloads of flows: they are history that can't be taken out again",
)


class Command(BaseCommand):
    help = "Put fresh secrets in, use them well and badly, and look for them everywhere."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--logs", type=Path, nargs="+", default=[], help="log files, or folders of them"
        )
        parser.add_argument(
            "--owner-url-file",
            type=Path,
            help="file with the URL of the database as its owner; a home has it already",
        )
        parser.add_argument(
            "--consent",
            action="store_true",
            help="in production: put a connection in for the length of the test",
        )

    def handle(
        self, *, logs: list[Path], owner_url_file: Path | None, consent: bool, **options: object
    ) -> None:
        if settings.MODE == "production" and not consent:
            raise CommandError(
                "This puts a connection and a webhook address in, and takes them out at the end. "
                "Say --consent to do that on a box in production.",
                returncode=REFUSED,
            )
        owner = _owner(owner_url_file)
        signal.signal(signal.SIGTERM, _stopped)
        with kept_back() as said, owner.connected() as database, planted(database) as story:
            hidden = {k: v for k, v in story.secrets.items() if k not in story.shown}
            on_pages = Sweep(needles(hidden))
            places.shown(on_pages, story.slug)
            sweep = Sweep(needles(story.secrets))
            places.database(sweep, owner, database)
            places.database_files(sweep, database)
            places.logs(sweep, logs)
            sweep.lines |= on_pages.lines
            sweep.not_seen += on_pages.not_seen
            said.seek(0)
            sweep.look("output of this command", "output", iter(lambda: said.read(65536), b""))
            _record(story, sweep)
        self._report(story, sweep)
        if sweep.hits:
            raise CommandError(f"{sweep.hits} hits: secrets stand there in clear.", returncode=1)

    def _report(self, story: Planted, sweep: Sweep) -> None:
        self.stdout.write(_proof(story))
        self.stdout.write(f"{len(story.secrets)} secrets put in. Driven:")
        for driven in story.driven:
            self.stdout.write(f"  {driven}")
        self.stdout.write(f"\n{'place':<26}{'bytes searched':>16}{'hits':>6}")
        for line in sweep.lines.values():
            self.stdout.write(f"{line.place:<26}{line.size:>16,}{len(line.hits):>6}")
            for name, hit in line.hits:
                self.stdout.write(f"  HIT {name}: {hit.secret}, as {hit.form}")
        self.stdout.write("\nNot looked at, or not driven:")
        for text in (*NEVER_SEEN, *sweep.not_seen, *story.not_driven):
            self.stdout.write(f"  {text}")


def _stopped(number: int, frame: object) -> None:
    """End as by an exception, so that what was put in is taken out."""
    raise SystemExit(128 + number)


def _owner(file: Path | None) -> Owner:
    try:
        if file is not None:
            return owners.of_file(file)
        if settings.HOME and settings.HOME.password_file("superuser").exists():
            return owners.of_home(settings.HOME)
    except (OSError, ImproperlyConfigured) as wrong:
        raise CommandError(f"{file or settings.HOME}: {wrong}", returncode=REFUSED) from None
    raise CommandError(
        "What is put in is taken out by the owner of the database. Name a file with the owner's "
        "URL: --owner-url-file FILE.",
        returncode=REFUSED,
    )


def _proof(story: Planted) -> str:
    """That the search finds each secret in each spelling, before its silence means anything."""
    what, found, forms = needles(story.secrets), 0, 0
    for name, secret in story.secrets.items():
        for form, needle in spellings(secret).items():
            forms += 1
            hits = look(what, [b"before ", needle, b" after"]).hits
            found += any((hit.secret, hit.form) == (name, form) for hit in hits)
    if found != forms:
        raise CommandError(f"The search finds only {found} of {forms} forms: trust it not.")
    return f"The search finds {len(story.secrets)} secrets in {found} of {forms} forms."


@transaction.atomic
def _record(story: Planted, sweep: Sweep) -> None:
    log.record(
        Action.LEAK_TESTED,
        actor=ACTOR,
        subject="box",
        secrets=len(story.secrets),
        places=len(sweep.lines),
        hits=sweep.hits,
    )
