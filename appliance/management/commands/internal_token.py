"""Bearer tokens of other services on this machine: make, list, revoke."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import localtime

from appliance.internal import tokens

ACTOR = "command:internal_token"


class Command(BaseCommand):
    help = "Tokens for /internal/v1/: create prints one once, list names them, revoke ends one."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="the tokens that work")
        for action, text in (("create", "make one, and print it"), ("revoke", "end one")):
            actions.add_parser(action, help=text).add_argument("name", help="of the service")

    def handle(self, *, action: str, name: str = "", **options: object) -> None:
        try:
            if action == "create":
                self.stdout.write(tokens.create(name, actor=ACTOR).reveal())
            elif action == "revoke":
                tokens.revoke(name, actor=ACTOR)
                self.stdout.write(f"{name} is not taken any more.")
            else:
                self._list()
        except tokens.TokenRefused as exc:
            raise CommandError(str(exc), returncode=3) from exc

    def _list(self) -> None:
        for row in tokens.working():
            self.stdout.write(f"{row.name:<40} since {localtime(row.created_at):%Y-%m-%d %H:%M}")
