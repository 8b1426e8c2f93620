"""A new version is pending until it has passed its test, and only the worker puts it in use."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import Q

SHRED_SUPERSEDED = """
UPDATE vault_credentialversion SET state = 'shredded', sealed = '' WHERE state = 'superseded'
"""

GUARDS = """
CREATE OR REPLACE FUNCTION vault_version_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ways CONSTANT text[] := ARRAY['pending', 'current', 'shredded'];
BEGIN
    IF (NEW.id, NEW.credential_id, NEW.number, NEW.hosts, NEW.fingerprint, NEW.created_at,
        NEW.created_by)
       IS DISTINCT FROM
       (OLD.id, OLD.credential_id, OLD.number, OLD.hosts, OLD.fingerprint, OLD.created_at,
        OLD.created_by)
       OR array_position(ways, NEW.state::text) < array_position(ways, OLD.state::text)
       OR (OLD.adopted AND NOT NEW.adopted)
       OR (current_user = 'connector_web' AND (
              (NEW.state = 'current' AND OLD.state = 'pending')
           OR (NEW.state <> 'shredded'
               AND (NEW.sealed, NEW.adopted) IS DISTINCT FROM (OLD.sealed, OLD.adopted))
           OR (NEW.tested_at, NEW.problem, NEW.reminded)
               IS DISTINCT FROM (OLD.tested_at, OLD.problem, OLD.reminded)))
    THEN
        RAISE EXCEPTION 'a version of a credential only moves on: this change is refused'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION vault_version_arrives() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.adopted OR NEW.state NOT IN ('pending', 'current') OR EXISTS (
        SELECT FROM vault_credentialversion v WHERE v.credential_id = NEW.credential_id
        AND (v.number >= NEW.number OR (NEW.state = 'current' AND v.state <> 'shredded')))
    THEN
        RAISE EXCEPTION 'a new version of a credential waits while another is in use: refused'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_version_arrives BEFORE INSERT ON vault_credentialversion
    FOR EACH ROW EXECUTE FUNCTION vault_version_arrives();
ALTER TABLE vault_credentialversion ENABLE ALWAYS TRIGGER vault_version_arrives;
"""


class Migration(migrations.Migration):
    dependencies = [("vault", "0002_versions_move_on")]
    operations = [
        migrations.RunSQL(SHRED_SUPERSEDED, migrations.RunSQL.noop),
        migrations.RemoveField("credential", "expires_at"),
        migrations.RenameField("credentialversion", "superseded_at", "shredded_at"),
        migrations.AddField("credentialversion", "expires_on", models.DateField(null=True)),
        migrations.AddField(
            "credentialversion", "tested_at", models.DateTimeField(editable=False, null=True)
        ),
        migrations.AddField(
            "credentialversion",
            "problem",
            models.CharField(blank=True, default="", editable=False, max_length=500),
        ),
        migrations.AddField(
            "credentialversion",
            "reminded",
            models.CharField(blank=True, default="", editable=False, max_length=10),
        ),
        migrations.AlterField(
            "credentialversion",
            "state",
            models.CharField(
                choices=[
                    ("pending", "Pending"),
                    ("current", "Current"),
                    ("shredded", "Shredded"),
                ],
                default="current",
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            "credentialversion",
            models.UniqueConstraint(
                condition=Q(("state", "pending")), fields=("credential",), name="version_one_pending"
            ),
        ),
        migrations.AddConstraint(
            "credentialversion",
            models.CheckConstraint(
                condition=Q(("state__in", ["pending", "current", "shredded"])),
                name="version_state",
            ),
        ),
        migrations.CreateModel(
            name="Opening",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("purpose", models.CharField(max_length=100)),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="vault.credentialversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("version", "purpose"), name="opening_once")
                ],
            },
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]
