"""Versions stay what they were, but their bytes may be sealed anew under another key.

Only the sealed bytes may change, only to such that name another key, and never by web. That it is
the same content shows in the digest, which is made over it.
"""

from django.db import migrations

FORWARD = ""
BACKWARD = ""

for table in ("flows_version", "flows_valuemapversion"):
    FORWARD += f"""
CREATE FUNCTION {table}_only_sealed_anew() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed {table};
BEGIN
    changed := NEW;
    changed.sealed := OLD.sealed;
    IF changed IS DISTINCT FROM OLD OR current_user = 'connector_web'
       OR substring(NEW.sealed FROM 1 FOR 2) IS DISTINCT FROM substring(OLD.sealed FROM 1 FOR 2)
       OR substring(NEW.sealed FROM 3 FOR 8) = substring(OLD.sealed FROM 3 FOR 8)
    THEN
        RAISE EXCEPTION 'versions are immutable: % on % is refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER {table}_stays ON {table};
CREATE TRIGGER {table}_stays BEFORE DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION flows_version_stays();
CREATE TRIGGER {table}_only_sealed_anew BEFORE UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_only_sealed_anew();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stays;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_only_sealed_anew;
"""
    BACKWARD += f"""
DROP TRIGGER {table}_only_sealed_anew ON {table};
DROP FUNCTION {table}_only_sealed_anew();
DROP TRIGGER {table}_stays ON {table};
CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION flows_version_stays();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stays;
"""


class Migration(migrations.Migration):
    dependencies = [("flows", "0003_run_failing_since")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
