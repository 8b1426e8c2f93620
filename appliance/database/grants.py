"""Who may do what: the run-time roles get these rights and no others."""

from collections.abc import Mapping

from django.apps import apps
from django.db import connection

ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
READ = ("SELECT",)
ADD = ("SELECT", "INSERT")
CHANGE = ("SELECT", "INSERT", "UPDATE")

WEB: Mapping[str, tuple[str, ...]] = {
    # people and their sessions
    "accounts_user": CHANGE,
    "accounts_user_groups": READ,
    "accounts_user_user_permissions": READ,
    "accounts_setuplink": CHANGE,
    "auth_group": READ,
    "auth_group_permissions": READ,
    "auth_permission": READ,
    "django_content_type": READ,
    "account_emailaddress": READ,
    "socialaccount_socialaccount": CHANGE,
    "mfa_authenticator": ALL,
    "accounts_factorsecret": ALL,
    "accounts_session": ALL,
    "accounts_cached": ALL,
    "accounts_signinrules": CHANGE,
    "django_admin_log": READ,
    "django_migrations": READ,
    # the product
    "audit_entry": ADD,
    "jobs_job": ADD,
    "rekey_expectedkey": READ,
    "rekey_reseal": READ,
    "vault_credential": CHANGE,
    "vault_credentialversion": CHANGE,
    "oauth_grant": ("SELECT", "DELETE"),
    "oauth_authorization": CHANGE,
    "systems_uploadedsystem": CHANGE,
    "flows_connection": CHANGE,
    "flows_flow": CHANGE,
    "flows_version": ADD,
    "flows_schedule": ALL,
    "flows_cursor": READ,
    "flows_valuemap": CHANGE,
    "flows_valuemapversion": ADD,
    "flows_run": CHANGE,
    "flows_route": READ,
    "flows_delivery": READ,
    "flows_payload": READ,
    "flows_heldrecord": ("SELECT", "UPDATE"),
    "flows_preview": ADD,
    "webhooks_endpoint": CHANGE,
    "webhooks_event": CHANGE,
    "webhooks_tally": CHANGE,
    "api_apitoken": CHANGE,
    "people_invitation": CHANGE,
    "internal_internaltoken": CHANGE,
}

WORKER: Mapping[str, tuple[str, ...]] = {
    "django_migrations": READ,
    "audit_entry": ADD,
    "jobs_job": ALL,
    "rekey_expectedkey": ADD,
    "rekey_reseal": ("SELECT", "UPDATE"),
    "vault_credential": ("SELECT", "UPDATE"),
    "vault_credentialversion": ("SELECT", "UPDATE"),
    "vault_opening": ("SELECT", "INSERT", "DELETE"),
    "oauth_grant": ALL,
    "oauth_authorization": ("SELECT", "UPDATE", "DELETE"),
    "systems_uploadedsystem": READ,
    "systems_bucket": ALL,
    "flows_connection": ("SELECT", "UPDATE"),
    "flows_flow": ("SELECT", "UPDATE"),
    "flows_version": ("SELECT", "UPDATE (sealed)"),  # a trigger lets it be sealed anew, no more
    "flows_schedule": ("SELECT", "UPDATE"),
    "flows_cursor": CHANGE,
    "flows_valuemap": READ,
    "flows_valuemapversion": ("SELECT", "UPDATE (sealed)"),
    "flows_run": CHANGE,
    "flows_route": ADD,
    "flows_delivery": CHANGE,
    "flows_payload": ALL,
    "flows_heldrecord": ALL,
    "flows_preview": ("SELECT", "UPDATE", "DELETE"),
    "webhooks_endpoint": ("SELECT", "UPDATE (secret_sealed, previous_sealed)"),
    "webhooks_event": ("SELECT", "UPDATE"),
    "webhooks_tally": READ,
}

GRANTS = {"connector_web": WEB, "connector_worker": WORKER}


def apply_grants() -> None:
    """Take every right from the run-time roles, then give what stands above.

    Run by the owner after each migration. Tables that stand nowhere above stay
    closed: a new table is unreachable until somebody decides who needs it.
    """
    tables = set(connection.introspection.table_names())
    identity = _tables_with_sequence()
    with connection.cursor() as cursor:
        for role, rights in GRANTS.items():
            cursor.execute(f'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{role}"')
            cursor.execute(f'REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM "{role}"')
            cursor.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')
            for table, verbs in rights.items():
                if table not in tables:
                    raise LookupError(f"grants name a table that does not exist: {table}")
                cursor.execute(f'GRANT {", ".join(verbs)} ON "{table}" TO "{role}"')
                if "INSERT" in verbs and table in identity:
                    cursor.execute(
                        "SELECT pg_get_serial_sequence(%s, %s)", [table, identity[table]]
                    )
                    cursor.execute(f'GRANT USAGE ON SEQUENCE {cursor.fetchone()[0]} TO "{role}"')
        cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def _tables_with_sequence() -> dict[str, str]:
    """Column of the automatic number, by table."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        key = model._meta.pk
        if key.column and key.get_internal_type() in ("AutoField", "BigAutoField"):
            found[model._meta.db_table] = key.column
    return found
