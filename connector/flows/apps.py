"""The floor "flows" as a Django app."""

from django.apps import AppConfig


class FlowsConfig(AppConfig):
    name = "connector.flows"
    label = "flows"
    default_auto_field = "django.db.models.BigAutoField"
