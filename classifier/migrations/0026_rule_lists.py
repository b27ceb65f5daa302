"""Lists of rules, tags, and rules in shadow mode with what they would have hit."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

BANDS = [("approve", "Approve"), ("review", "Review"), ("remove", "Remove")]


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0025_rule_words"),
    ]

    operations = [
        migrations.CreateModel(
            name="RuleList",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("description", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
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
                        related_name="rule_lists",
                        to="classifier.source",
                    ),
                ),
            ],
            options={"ordering": ["name"]},
        ),
        migrations.AddField(
            model_name="rule",
            name="is_shadow",
            field=models.BooleanField(db_default=False, default=False, verbose_name="in shadow mode"),
        ),
        migrations.AddField(
            model_name="rule",
            name="tags",
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.AddField(
            model_name="rule",
            name="rule_list",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rules",
                to="classifier.rulelist",
            ),
        ),
        migrations.CreateModel(
            name="RuleShadowHit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("before", models.CharField(choices=BANDS, max_length=8)),
                ("after", models.CharField(choices=BANDS, max_length=8)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.comment",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shadow_hits",
                        to="classifier.rule",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["rule", "-created_at"], name="ruleshadowhit_by_time")],
                "constraints": [
                    models.UniqueConstraint(fields=("rule", "comment"), name="ruleshadowhit_once")
                ],
            },
        ),
    ]
