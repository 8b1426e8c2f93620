"""Versions of flows and value maps never change: what a run names is what it did."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION flows_version_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'versions are immutable: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""
BACKWARD = ""

for table in ("flows_version", "flows_valuemapversion"):
    FORWARD += f"""
CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION flows_version_stays();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION flows_version_stays();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stays;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate;
"""
    BACKWARD += f"""
DROP TRIGGER {table}_stays ON {table};
DROP TRIGGER {table}_no_truncate ON {table};
"""
BACKWARD += "DROP FUNCTION flows_version_stays();"


class Migration(migrations.Migration):
    dependencies = [("flows", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
