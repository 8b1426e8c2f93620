"""The floor "rekey" as a Django app."""

from django.apps import AppConfig


class RekeyConfig(AppConfig):
    name = "connector.rekey"
    label = "rekey"
    default_auto_field = "django.db.models.BigAutoField"
