"""Let a name be tried again after too many tries to sign in."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from appliance.accounts import limits
from appliance.accounts.backend import person
from connector.audit import log
from connector.audit.actions import Action


class Command(BaseCommand):
    help = "Let somebody try to sign in again at once, from everywhere."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="user name or e-mail")

    def handle(self, *, name: str, **options: object) -> None:
        user = person(name)
        if user is None:
            raise CommandError(f"There is nobody named {name} here, or several. Nothing was done.")
        with transaction.atomic():
            limits.unlock(user)
            log.record(
                Action.SIGN_IN_UNLOCKED,
                actor="command:unlock",
                subject=f"account:{user.username}",
            )
        self.stdout.write(f"{user.username} may try again.")
