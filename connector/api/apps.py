"""The interface for programs as a Django app."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "connector.api"
    label = "api"
    default_auto_field = "django.db.models.BigAutoField"
