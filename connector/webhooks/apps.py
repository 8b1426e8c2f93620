"""The floor "webhooks" as a Django app."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "connector.webhooks"
    label = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"
