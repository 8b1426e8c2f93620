"""The box as a Django app: its commands and checks."""

from django.apps import AppConfig


class ApplianceConfig(AppConfig):
    name = "appliance"
    label = "appliance"
    default_auto_field = "django.db.models.BigAutoField"
