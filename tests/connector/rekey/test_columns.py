"""connector.rekey.columns, and what each floor declares in its module `sealed`"""

from django.apps import apps
from django.db.models import BinaryField

from connector.rekey import columns

NOT_SEALED = {  # hashes and MACs; and whatever is called so
    *("audit_entry.mac", "accounts_cached.key", "flows_heldrecord.source_key"),
    *("flows_delivery.source_key", "flows_delivery.fingerprint", "flows_delivery.source_print"),
    "flows_delivery.remote_key",
}
ENDS_BY_ITSELF = {"accounts_session.content"}  # within hours; a retired key ends it sooner


def test_every_column_of_bytes_is_sealed_and_declared_or_known_to_be_a_hash() -> None:
    """A column that is missing here would keep an old key alive, and lose its content with it."""
    found = {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if (isinstance(field, BinaryField) or "sealed" in field.name)
        and not field.name.endswith("_hash")
    }

    assert found - NOT_SEALED - ENDS_BY_ITSELF == {column.name for column in columns.every()}


def test_no_column_is_declared_twice() -> None:
    names = [column.name for column in columns.every()]

    assert len(set(names)) == len(names)
