"""Since when a run has met nothing but failures, so that a long run isn't given up at the first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("flows", "0002_versions_stay")]
    operations = [
        migrations.AddField(
            model_name="run",
            name="failing_since",
            field=models.DateTimeField(editable=False, null=True),
        )
    ]
