"""Whether comments tell of their authors' own hurt, and what policies do and say then."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0023_text_format"),
    ]

    operations = [
        migrations.AddField(
            model_name="comment",
            name="is_concern",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="policy",
            name="concern",
            field=models.CharField(
                choices=[
                    ("review", "A person looks, before anything else"),
                    ("nothing", "Nothing: judged like any other"),
                ],
                db_default="review",
                default="review",
                max_length=8,
                verbose_name="people who tell of their own hurt",
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="concern_text",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                max_length=2000,
                verbose_name="text for people who tell of their own hurt",
            ),
        ),
        migrations.AddField(
            model_name="prediction",
            name="concern_score",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="prediction",
            name="is_concern",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
