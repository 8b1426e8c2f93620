"""A version only moves on: it is superseded, then shredded, and never put back.

Who may change rows could otherwise make an old secret the current one again, by its number or
its state. The sealed bytes are taken away by anyone and changed by the worker alone.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION vault_version_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.credential_id, NEW.number, NEW.hosts, NEW.fingerprint, NEW.created_at,
        NEW.created_by)
       IS DISTINCT FROM
       (OLD.id, OLD.credential_id, OLD.number, OLD.hosts, OLD.fingerprint, OLD.created_at,
        OLD.created_by)
       OR array_position(ARRAY['current', 'superseded', 'shredded'], NEW.state::text)
          < array_position(ARRAY['current', 'superseded', 'shredded'], OLD.state::text)
       OR (OLD.adopted AND NOT NEW.adopted)
       OR (current_user = 'connector_web' AND NEW.state <> 'shredded'
           AND (NEW.sealed, NEW.adopted) IS DISTINCT FROM (OLD.sealed, OLD.adopted))
    THEN
        RAISE EXCEPTION 'a version of a credential only moves on: this change is refused'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION vault_version_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'versions of credentials are shredded, not deleted'
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER vault_version_moves_on BEFORE UPDATE ON vault_credentialversion
    FOR EACH ROW EXECUTE FUNCTION vault_version_moves_on();
CREATE TRIGGER vault_version_no_delete BEFORE DELETE ON vault_credentialversion
    FOR EACH ROW EXECUTE FUNCTION vault_version_stays();
ALTER TABLE vault_credentialversion ENABLE ALWAYS TRIGGER vault_version_moves_on;
ALTER TABLE vault_credentialversion ENABLE ALWAYS TRIGGER vault_version_no_delete;
"""

BACKWARD = """
DROP TRIGGER vault_version_moves_on ON vault_credentialversion;
DROP TRIGGER vault_version_no_delete ON vault_credentialversion;
DROP FUNCTION vault_version_moves_on();
DROP FUNCTION vault_version_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
