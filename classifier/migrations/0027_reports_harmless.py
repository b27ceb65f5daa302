"""Comments whose reports a person found harmless, and those that many reports hide."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0026_rule_lists"),
    ]

    operations = [
        migrations.AddField(
            model_name="comment",
            name="hidden_by_reports_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="comment",
            name="reports_harmless",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
