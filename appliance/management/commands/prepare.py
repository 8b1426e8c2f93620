"""Bring the database to the newest form."""

from django.core.management.base import BaseCommand

from appliance.database.prepare import prepare


class Command(BaseCommand):
    help = "Migrate the database and give the roles their rights. Run by the owner, before a start."
    requires_system_checks = []

    def handle(self, *, verbosity: int, **options: object) -> None:
        prepare(verbosity=max(0, verbosity - 1))
        self.stdout.write("the database is ready")
