"""The internal interface as a Django app."""

from django.apps import AppConfig


class InternalConfig(AppConfig):
    name = "appliance.internal"
    label = "internal"
    default_auto_field = "django.db.models.BigAutoField"
