"""Second forms of API keys, for clients of Akismet."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0030_blocklists"),
    ]

    operations = [
        migrations.CreateModel(
            name="ShortKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "form",
                    models.CharField(
                        choices=[
                            ("host", "For a host name: lower-case letters and digits"),
                            ("wordpress", "For the settings page of WordPress: twelve hexadecimal digits"),
                        ],
                        max_length=16,
                    ),
                ),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "api_key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="short_keys",
                        to="classifier.apikey",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["api_key_id", "form"],
                "constraints": [
                    models.UniqueConstraint(fields=("api_key", "form"), name="shortkey_one_of_a_form"),
                    models.CheckConstraint(
                        condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")), name="shortkey_digest_hex"
                    ),
                ],
            },
        ),
    ]
