"""Granted access as a Django app, a part of the floor "vault"."""

from django.apps import AppConfig


class OAuthConfig(AppConfig):
    name = "connector.vault.oauth"
    label = "oauth"
    default_auto_field = "django.db.models.BigAutoField"
