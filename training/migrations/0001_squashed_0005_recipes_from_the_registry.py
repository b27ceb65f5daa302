"""All tables of training at once: migrations 0001 to 0005 as one.

The function that refuses changes to append-only rows is that of classifier's migration.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import training.models.choices

APPEND_ONLY = [
    "training_experimentevent",
    "training_labelfix",
    "training_sweepevent",
]


def append_only(table: str) -> migrations.RunSQL:
    """Refuse changes to the rows of a table."""
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION classifier_refuse_change();",
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("training", "0001_initial"),
        ("training", "0002_append_only"),
        ("training", "0003_sweep_analysis"),
        ("training", "0004_golden_fixes_drift"),
        ("training", "0005_recipes_from_the_registry"),
    ]

    dependencies = [
        ("classifier", "0001_squashed_0020_reference_services"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Dataset",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=150, unique=True)),
                ("description", models.TextField(blank=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sample", "Shipped sample"),
                            ("hub", "Hub dataset"),
                            ("folder", "Files on the server"),
                            ("upload", "Upload"),
                            ("decisions", "Moderators' decisions"),
                            ("mixture", "Mixture"),
                            ("golden", "Known answers"),
                            ("corrected", "Corrected labels"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        blank=True, max_length=500, verbose_name="hub name, folder or file name"
                    ),
                ),
                ("directory", models.CharField(blank=True, editable=False, max_length=500)),
                (
                    "labels",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), size=None
                    ),
                ),
                ("rows", models.JSONField(default=dict)),
                ("fingerprints", models.JSONField(default=dict)),
                ("statistics", models.JSONField(default=dict)),
                ("parts", models.JSONField(default=list)),
                ("attribution", models.TextField(blank=True)),
                ("license_name", models.CharField(blank=True, max_length=100, verbose_name="licence")),
                (
                    "is_test_set",
                    models.BooleanField(default=False, verbose_name="its test rows measure every version"),
                ),
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
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_test_set", True)),
                        fields=("is_test_set",),
                        name="dataset_one_test_set",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "sample",
                                    "hub",
                                    "folder",
                                    "upload",
                                    "decisions",
                                    "mixture",
                                    "golden",
                                    "corrected",
                                ],
                            )
                        ),
                        name="dataset_kind_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LabelFix",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="label_fixes",
                        to="training.dataset",
                    ),
                ),
                ("split", models.CharField(max_length=16)),
                ("row", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=32)),
                ("label", models.CharField(max_length=64)),
                ("given", models.SmallIntegerField()),
                ("fixed", models.SmallIntegerField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "undoes",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="undone_by",
                        to="training.labelfix",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["dataset", "split", "row"], name="labelfix_place")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("fixed__in", [-1, 0, 1]), ("given__in", [-1, 0, 1])),
                        name="labelfix_values_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("given", models.F("fixed")), _negated=True),
                        name="labelfix_changes_something",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TestSuite",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=150, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("cases", "Cases by functionality"),
                            ("templates", "Templates with identity terms"),
                        ],
                        max_length=16,
                    ),
                ),
                ("description", models.TextField(blank=True)),
                ("label", models.CharField(default="toxic", max_length=64)),
                ("cases", models.JSONField()),
                (
                    "groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), blank=True, default=list, size=None
                    ),
                ),
                ("fingerprint", models.CharField(max_length=64)),
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
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="TestSuiteResult",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "suite",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="results",
                        to="training.testsuite",
                    ),
                ),
                (
                    "model_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="suite_results",
                        to="classifier.modelversion",
                    ),
                ),
                ("report", models.JSONField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("suite", "model_version"), name="suiteresult_once_a_version"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Experiment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=150)),
                ("notes", models.TextField(blank=True)),
                ("recipe", models.CharField(choices=training.models.choices.recipe_choices, max_length=32)),
                ("config", models.JSONField(default=dict)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="experiments",
                        to="training.dataset",
                    ),
                ),
                (
                    "teacher",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="students",
                        to="training.experiment",
                    ),
                ),
                (
                    "base_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.modelversion",
                    ),
                ),
                (
                    "cloned_from",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="clones",
                        to="training.experiment",
                    ),
                ),
                ("trial_number", models.PositiveIntegerField(blank=True, null=True)),
                ("trigger", models.CharField(default="person", max_length=16)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=16,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                ("cancel_requested_at", models.DateTimeField(blank=True, null=True)),
                ("run_token", models.UUIDField(blank=True, editable=False, null=True)),
                ("worker", models.CharField(blank=True, max_length=200)),
                ("device", models.CharField(blank=True, max_length=200)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("progress", models.JSONField(default=dict)),
                ("failure_reason", models.TextField(blank=True)),
                ("log", models.TextField(blank=True)),
                ("directory", models.CharField(blank=True, editable=False, max_length=500)),
                ("result", models.JSONField(default=dict)),
                ("provenance", models.JSONField(default=dict)),
                (
                    "model_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="experiments",
                        to="classifier.modelversion",
                    ),
                ),
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                "ordering": ["-id"],
                "permissions": [("run_experiment", "Can start, cancel, resume and delete experiments")],
                "indexes": [models.Index(fields=["status", "id"], name="experiment_status_id")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["queued", "running", "succeeded", "failed", "cancelled"])
                        ),
                        name="experiment_status_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "running"), models.Q(("device", ""), _negated=True)),
                        fields=("device",),
                        name="experiment_one_run_a_device",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "model_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evaluations",
                        to="classifier.modelversion",
                    ),
                ),
                ("baseline", models.CharField(blank=True, max_length=32)),
                (
                    "experiment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="evaluations",
                        to="training.experiment",
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evaluations",
                        to="training.dataset",
                    ),
                ),
                ("fingerprint", models.CharField(max_length=64)),
                ("trained_on", models.CharField(blank=True, max_length=64)),
                ("report", models.JSONField()),
                ("scores", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("baseline", ""), ("model_version__isnull", False)),
                            models.Q(
                                ("baseline__in", ["majority", "tfidf"]), ("model_version__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="evaluation_of_a_version_or_a_baseline",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("baseline", "")),
                        fields=("model_version", "fingerprint"),
                        name="evaluation_once_a_version",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExperimentEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("old", models.CharField(max_length=16)),
                ("new", models.CharField(max_length=16)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "experiment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="history",
                        to="training.experiment",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="MetricPoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "experiment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="points",
                        to="training.experiment",
                    ),
                ),
                ("phase", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=64)),
                ("step", models.PositiveIntegerField()),
                ("value", models.FloatField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("experiment", "phase", "name", "step"), name="metricpoint_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RetrainingPlan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("enabled", models.BooleanField(default=False)),
                (
                    "after_decisions",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="after this many new decisions"
                    ),
                ),
                ("weekly", models.BooleanField(default=False, verbose_name="once a week")),
                ("on_drift", models.BooleanField(default=False, verbose_name="when the scores have drifted")),
                (
                    "drift_days",
                    models.PositiveSmallIntegerField(
                        default=14, verbose_name="days from the last start to one because of drift"
                    ),
                ),
                ("recipe", models.CharField(default="teacher", max_length=32)),
                ("config", models.JSONField(blank=True, default=dict)),
                (
                    "mix_with",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="training.dataset",
                    ),
                ),
                (
                    "decisions_weight",
                    models.FloatField(
                        default=1.0, verbose_name="weight of a decision against a row of the other data"
                    ),
                ),
                ("last_started_at", models.DateTimeField(blank=True, null=True)),
                ("last_decision_id", models.BigIntegerField(default=0)),
                (
                    "last_experiment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="training.experiment",
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "updated_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="retrainingplan_single"),
                    models.CheckConstraint(
                        condition=models.Q(("drift_days__gte", 1)), name="retrainingplan_days_between_drifts"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Sweep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=150, unique=True)),
                ("recipe", models.CharField(choices=training.models.choices.recipe_choices, max_length=32)),
                ("config", models.JSONField(default=dict)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sweeps",
                        to="training.dataset",
                    ),
                ),
                (
                    "teacher",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="training.experiment",
                    ),
                ),
                (
                    "base_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.modelversion",
                    ),
                ),
                ("space", models.JSONField()),
                ("objectives", models.JSONField()),
                ("sampler", models.CharField(default="tpe", max_length=16)),
                ("pruner", models.CharField(default="median", max_length=16)),
                ("trials_wanted", models.PositiveIntegerField()),
                ("seed", models.PositiveIntegerField(default=13)),
                ("study_name", models.CharField(max_length=200, unique=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=16,
                    ),
                ),
                ("options", models.JSONField(default=dict)),
                ("analysis", models.JSONField(default=dict)),
                ("failure_reason", models.TextField(blank=True)),
                (
                    "best_experiment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="training.experiment",
                    ),
                ),
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
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("cancel_requested_at", models.DateTimeField(blank=True, null=True)),
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["queued", "running", "succeeded", "failed", "cancelled"])
                        ),
                        name="sweep_status_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SweepEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("old", models.CharField(max_length=16)),
                ("new", models.CharField(max_length=16)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "sweep",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="history",
                        to="training.sweep",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="experiment",
            name="sweep",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="experiments",
                to="training.sweep",
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("sweep__isnull", False)),
                fields=("sweep", "trial_number"),
                name="experiment_one_run_a_trial",
            ),
        ),
        *[append_only(table) for table in APPEND_ONLY],
    ]
