"""Lists of rules, as the Azure dialect manages them."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0029_rule_conditions"),
    ]

    operations = [
        migrations.CreateModel(
            name="Blocklist",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=64)),
                ("description", models.CharField(blank=True, max_length=1024)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="blocklists",
                        to="classifier.source",
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
            },
        ),
        migrations.CreateModel(
            name="BlocklistItem",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("description", models.CharField(blank=True, max_length=1024)),
                (
                    "blocklist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="classifier.blocklist",
                    ),
                ),
                (
                    "rule",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="blocklist_item",
                        to="classifier.rule",
                    ),
                ),
            ],
            options={
                "ordering": ["rule_id"],
            },
        ),
        migrations.AddConstraint(
            model_name="blocklist",
            constraint=models.UniqueConstraint(
                fields=("source", "name"), name="blocklist_source_name", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="blocklist",
            constraint=models.CheckConstraint(
                condition=models.Q(("name__regex", "^[0-9A-Za-z._~-]+$")), name="blocklist_name_in_address"
            ),
        ),
    ]
