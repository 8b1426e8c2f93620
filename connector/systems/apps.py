"""The floor "systems" as a Django app."""

from django.apps import AppConfig


class SystemsConfig(AppConfig):
    name = "connector.systems"
    label = "systems"
    default_auto_field = "django.db.models.BigAutoField"
