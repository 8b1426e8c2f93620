"""Run the worker: flows, webhooks, tests of connections."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from appliance import memory


class Command(BaseCommand):
    help = "Run the worker until SIGTERM or SIGINT. It starts itself anew after a crash."
    requires_system_checks = []  # they would load every page of the console

    def handle(self, **options: object) -> None:
        if settings.PROCESS != "worker":
            raise CommandError(
                f"this process is set up as {settings.PROCESS}; unset CONNECTOR_PROCESS, "
                "or set it to worker"
            )
        from appliance.queue.supervise import supervise

        memory.close()
        self.stdout.write(f"worker with {settings.WORKERS} processes")
        supervise()
