"""The floor "jobs" as a Django app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "connector.jobs"
    label = "jobs"
    default_auto_field = "django.db.models.BigAutoField"
