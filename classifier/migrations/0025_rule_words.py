"""What rules do about accents, what they leave out, their exceptions, and rules that are exceptions to all."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0024_concern"),
    ]

    operations = [
        migrations.AddField(
            model_name="rule",
            name="exceptions",
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.AddField(
            model_name="rule",
            name="ignore_accents",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="rule",
            name="leave_out",
            field=models.JSONField(
                blank=True, db_default=[], default=list, verbose_name="what is not looked at"
            ),
        ),
        migrations.AlterField(
            model_name="rule",
            name="band",
            field=models.CharField(
                choices=[
                    ("review", "Review"),
                    ("remove", "Remove"),
                    ("exception", "Exception: no rule hits there"),
                ],
                default="review",
                max_length=10,
            ),
        ),
    ]
