"""The accounts as a Django app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "appliance.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What is heard by signals is loaded with the app."""
        from appliance.accounts import audited, seals, second_factor  # noqa: F401
