"""People as a Django app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "appliance.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"
