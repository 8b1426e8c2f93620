"""The main job of a practice box; quickstart calls it."""

import json

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from appliance.accounts import setup
from appliance.quickstart.practice import JobFailed, main_job


class Command(BaseCommand):
    help = "Connect the practice systems, run both flows and count; prints one JSON object."
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        if settings.HOME is None or not settings.HOME.practice_mark.exists():
            raise CommandError("This is no practice box. Run: manage.py quickstart")
        try:
            summary = main_job(settings.HOME)
        except JobFailed as failed:
            raise CommandError(str(failed), returncode=1) from None
        token = setup.create_link_if_needed()
        self.stdout.write(json.dumps({**summary.as_json(), "setup_token": token}))
