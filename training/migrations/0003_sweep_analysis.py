"""What pages show of a sweep, kept beside it, so that they need no Optuna; sweeps can be deleted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("training", "0002_append_only")]

    operations = [
        migrations.AddField("sweep", "options", models.JSONField(default=dict)),
        migrations.AddField("sweep", "analysis", models.JSONField(default=dict)),
        migrations.AddField(
            "sweep", "deleted_at", models.DateTimeField(blank=True, editable=False, null=True)
        ),
    ]
