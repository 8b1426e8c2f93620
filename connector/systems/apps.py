"""The floor "systems" as a Django app."""

from django.apps import AppConfig


class SystemsConfig(AppConfig):
    name = "connector.systems"
    label = "systems"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from connector.systems import registry
        from connector.systems.uploaded import FromTable

        registry.register_source(FromTable())
