"""The floor "console" as a Django app."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "connector.console"
    label = "console"
    default_auto_field = "django.db.models.BigAutoField"
