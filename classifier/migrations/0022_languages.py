"""The language of each prediction, and what policies do with languages that the model does not know."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0021_comment_read_as"),
    ]

    operations = [
        migrations.AddField(
            model_name="policy",
            name="unknown_language",
            field=models.CharField(
                choices=[
                    ("review", "A person looks; the scores do not count"),
                    ("judge", "Judge the scores like any other"),
                ],
                db_default="review",
                default="review",
                max_length=8,
                verbose_name="languages that the model does not know",
            ),
        ),
        migrations.AddField(
            model_name="prediction",
            name="language",
            field=models.CharField(blank=True, db_default="", default="", max_length=35),
        ),
        migrations.AddField(
            model_name="prediction",
            name="language_supported",
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]
