"""The floor "vault" as a Django app."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "connector.vault"
    label = "vault"
    default_auto_field = "django.db.models.BigAutoField"
