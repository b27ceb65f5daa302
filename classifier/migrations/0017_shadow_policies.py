"""Drafts of policies that judge live traffic silently, and what they said; histories that nobody changes."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLES = ["classifier_shadowjudgement", "classifier_shadowpolicyevent"]


def trigger(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION classifier_refuse_change();",
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0016_dead_deliveries"),
    ]

    operations = [
        migrations.CreateModel(
            name="ShadowPolicy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("bands", models.JSONField()),
                ("automatic", models.JSONField(default=list)),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="what is tried and why")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("running", "Judges live traffic silently"),
                            ("stopped", "Stopped"),
                            ("replaced", "Another draft took its place"),
                            ("in_force", "Put in force"),
                        ],
                        default="running",
                        max_length=16,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
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
                    "policy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.policy",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shadow_policies",
                        to="classifier.source",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "shadow policies",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ShadowJudgement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "before",
                    models.CharField(
                        choices=[("approve", "Approve"), ("review", "Review"), ("remove", "Remove")],
                        max_length=8,
                    ),
                ),
                (
                    "after",
                    models.CharField(
                        choices=[("approve", "Approve"), ("review", "Review"), ("remove", "Remove")],
                        max_length=8,
                    ),
                ),
                ("automatic", models.BooleanField()),
                ("changed", models.BooleanField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "prediction",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.prediction",
                    ),
                ),
                (
                    "shadow_policy",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="judgements",
                        to="classifier.shadowpolicy",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ShadowPolicyEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("old", models.CharField(max_length=16)),
                ("new", models.CharField(max_length=16)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "shadow_policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="history",
                        to="classifier.shadowpolicy",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="shadowpolicy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "running")),
                fields=("source",),
                name="shadowpolicy_one_runs",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="shadowpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["running", "stopped", "replaced", "in_force"])),
                name="shadowpolicy_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="shadowpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("status", "running")),
                    models.Q(models.Q(("status", "running"), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="shadowpolicy_ended_at_set",
            ),
        ),
        migrations.AddIndex(
            model_name="shadowjudgement",
            index=models.Index(
                condition=models.Q(("changed", True)),
                fields=["shadow_policy", "before", "after", "-id"],
                name="shadowjudgement_changes",
            ),
        ),
        migrations.AddIndex(
            model_name="shadowjudgement",
            index=models.Index(
                fields=["shadow_policy", "-created_at"],
                include=("before", "after", "automatic"),
                name="shadowjudgement_by_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="shadowjudgement",
            constraint=models.UniqueConstraint(
                fields=("prediction", "shadow_policy"), name="shadowjudgement_once"
            ),
        ),
        *[trigger(table) for table in TABLES],
    ]
