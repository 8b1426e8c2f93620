"""connector.rekey.columns, and what each floor declares in its module `sealed`"""

from django.apps import apps
from django.db.models import BinaryField

from connector.rekey import columns

HASHES_AND_MACS = {
    *("accounts_session.key_hash", "accounts_cached.key"),
    *("audit_entry.mac", "accounts_setuplink.token_hash"),
    *("flows_delivery.source_key", "flows_delivery.fingerprint", "flows_delivery.source_print"),
    *("flows_delivery.remote_key", "flows_heldrecord.source_key", "webhooks_event.body_hash"),
}
# Sealed, and not sealed anew: a session under a retired key is over, as it would be within hours.
SHORT_LIVED = {"accounts_session.content"}


def test_every_column_of_bytes_is_sealed_and_declared_or_known_to_be_a_hash() -> None:
    """A column that is missing here would keep an old key alive, and lose its content with it."""
    found = {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if isinstance(field, BinaryField) or "sealed" in field.name
    }

    assert found - HASHES_AND_MACS - SHORT_LIVED == {column.name for column in columns.every()}


def test_no_column_is_declared_twice() -> None:
    names = [column.name for column in columns.every()]

    assert len(set(names)) == len(names)
