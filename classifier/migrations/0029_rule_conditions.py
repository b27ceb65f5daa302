"""Conditions of rules, rules for any text, and rules that let a text pass."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0028_versions_by_language"),
    ]

    operations = [
        migrations.AddField(
            model_name="rule",
            name="conditions",
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
        migrations.AlterField(
            model_name="rule",
            name="band",
            field=models.CharField(
                choices=[
                    ("review", "Review"),
                    ("remove", "Remove"),
                    ("approve", "Pass: approve what would be reviewed"),
                    ("exception", "Exception: no rule hits there"),
                ],
                default="review",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="rule",
            name="kind",
            field=models.CharField(
                choices=[
                    ("phrase", "Phrase"),
                    ("regex", "Regular expression"),
                    ("any", "Any text, where the conditions hold"),
                ],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="rule",
            name="pattern",
            field=models.CharField(blank=True, max_length=1000),
        ),
    ]
