"""The history of a model version keeps what the quality gate said."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classifier", "0004_append_only_decisions")]

    operations = [
        migrations.AddField(
            model_name="modelversionevent",
            name="gate",
            field=models.JSONField(
                blank=True, default=None, null=True, verbose_name="what the quality gate said"
            ),
        ),
    ]
