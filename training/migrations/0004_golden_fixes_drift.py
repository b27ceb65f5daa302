"""Known answers as a dataset, corrected labels of frozen rows (append-only), and retraining because of drift."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0003_sweep_analysis"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LabelFix",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("split", models.CharField(max_length=16)),
                ("row", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=32)),
                ("label", models.CharField(max_length=64)),
                ("given", models.SmallIntegerField()),
                ("fixed", models.SmallIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="dataset",
            name="dataset_kind_known",
        ),
        migrations.AddField(
            model_name="retrainingplan",
            name="drift_days",
            field=models.PositiveSmallIntegerField(
                default=14, verbose_name="days from the last start to one because of drift"
            ),
        ),
        migrations.AddField(
            model_name="retrainingplan",
            name="on_drift",
            field=models.BooleanField(default=False, verbose_name="when the scores have drifted"),
        ),
        migrations.AlterField(
            model_name="dataset",
            name="kind",
            field=models.CharField(
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
        migrations.AddConstraint(
            model_name="dataset",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        ["sample", "hub", "folder", "upload", "decisions", "mixture", "golden", "corrected"],
                    )
                ),
                name="dataset_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="retrainingplan",
            constraint=models.CheckConstraint(
                condition=models.Q(("drift_days__gte", 1)), name="retrainingplan_days_between_drifts"
            ),
        ),
        migrations.AddField(
            model_name="labelfix",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="labelfix",
            name="dataset",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="label_fixes", to="training.dataset"
            ),
        ),
        migrations.AddField(
            model_name="labelfix",
            name="undoes",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="undone_by",
                to="training.labelfix",
            ),
        ),
        migrations.AddIndex(
            model_name="labelfix",
            index=models.Index(fields=["dataset", "split", "row"], name="labelfix_place"),
        ),
        migrations.AddConstraint(
            model_name="labelfix",
            constraint=models.CheckConstraint(
                condition=models.Q(("fixed__in", [-1, 0, 1]), ("given__in", [-1, 0, 1])),
                name="labelfix_values_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="labelfix",
            constraint=models.CheckConstraint(
                condition=models.Q(("given", models.F("fixed")), _negated=True),
                name="labelfix_changes_something",
            ),
        ),
        migrations.RunSQL(
            "CREATE TRIGGER training_labelfix_append_only BEFORE UPDATE OR DELETE ON training_labelfix"
            " FOR EACH ROW EXECUTE FUNCTION classifier_refuse_change();",
            "DROP TRIGGER training_labelfix_append_only ON training_labelfix;",
        ),
    ]
