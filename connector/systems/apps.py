"""The floor "systems" as a Django app."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register


class SystemsConfig(AppConfig):
    name = "connector.systems"
    label = "systems"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from connector.systems import registry
        from connector.systems.uploaded import FromTable

        registry.register_source(FromTable())
        register(_allowed_private_hosts)


def _allowed_private_hosts(**_: Any) -> Sequence[CheckMessage]:
    """What the operator wrote is understood, or said to be wrong before anything runs."""
    from connector.systems.addresses import Guard

    try:
        Guard.of(settings.CONNECTOR_ALLOWED_PRIVATE_HOSTS, loopback=False)
    except ValueError as error:
        return [Error(f"CONNECTOR_ALLOWED_PRIVATE_HOSTS: {error}", id="connector.systems.E001")]
    return []
