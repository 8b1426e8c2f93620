"""The box as a Django app: its commands and checks."""

from django.apps import AppConfig
from django.core.checks import register


class ApplianceConfig(AppConfig):
    name = "appliance"
    label = "appliance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from appliance.well_known import check_contact

        register(check_contact)
