"""What a comment answers to, as its sender told it."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0018_rescoring"),
    ]

    operations = [
        migrations.CreateModel(
            name="CommentContext",
            fields=[
                (
                    "comment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="context",
                        serialize=False,
                        to="classifier.comment",
                    ),
                ),
                ("entries", models.JSONField(default=list)),
                ("session_ref", models.CharField(blank=True, max_length=200)),
                (
                    "text_hashes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, editable=False, size=None
                    ),
                ),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["text_hashes"], name="commentcontext_texts"
                    )
                ],
            },
        ),
    ]
