"""Reference services, calls compared with them, score maps, clients seen, and what keys do with all of them."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0019_comment_context"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="lifts_scores",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="apikey",
            name="missing_attributes",
            field=models.CharField(
                choices=[
                    ("leave_out", "Left out of the answer"),
                    ("refuse", "The call is refused"),
                    ("constant", "A constant score"),
                ],
                default="leave_out",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="missing_constant",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="reference_mode",
            field=models.CharField(
                choices=[("off", "Off"), ("observe", "Observe"), ("follow", "Follow")],
                default="off",
                editable=False,
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="reference_since",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="score_map_since",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="transfer",
            name="kind",
            field=models.CharField(
                choices=[
                    ("import", "Import"),
                    ("export", "Export"),
                    ("rescore", "Rescoring"),
                    ("compare", "Comparison"),
                ],
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            name="ClientSeen",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("dialect", models.CharField(max_length=16)),
                ("user_agent", models.CharField(blank=True, max_length=200)),
                (
                    "attributes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), default=list, size=None
                    ),
                ),
                (
                    "languages",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=35), default=list, size=None
                    ),
                ),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                (
                    "api_key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="clients_seen",
                        to="classifier.apikey",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "clients seen",
                "ordering": ["-last_seen_at"],
            },
        ),
        migrations.CreateModel(
            name="ReferenceService",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "wire",
                    models.CharField(
                        choices=[("perspective", "Perspective"), ("openai", "OpenAI Moderation")],
                        max_length=16,
                    ),
                ),
                ("url", models.URLField(max_length=500)),
                ("sealed_key", models.BinaryField(null=True)),
                ("model", models.CharField(blank=True, max_length=100)),
                ("timeout_seconds", models.FloatField(default=2.0)),
                ("calls_per_second", models.FloatField(default=1.0)),
                ("share", models.FloatField(default=1.0)),
                ("keeps_texts", models.BooleanField(default=True)),
                ("ends_on", models.DateField(blank=True, null=True)),
                ("is_enabled", models.BooleanField(default=True)),
                ("missed", models.PositiveBigIntegerField(default=0, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
            },
        ),
        migrations.CreateModel(
            name="ReferenceCall",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "wire",
                    models.CharField(
                        choices=[("perspective", "Perspective"), ("openai", "OpenAI Moderation")],
                        max_length=16,
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[("off", "Off"), ("observe", "Observe"), ("follow", "Follow")], max_length=8
                    ),
                ),
                (
                    "answered_by",
                    models.CharField(
                        choices=[("own", "This site"), ("reference", "The reference service")],
                        default="own",
                        max_length=16,
                    ),
                ),
                ("ours", models.JSONField(default=dict)),
                ("theirs", models.JSONField(default=dict)),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Answered"),
                            ("timeout", "Too slow"),
                            ("connection", "Not reached"),
                            ("refused", "Refused the call"),
                            ("quota", "Over its quota"),
                            ("server", "Failed itself"),
                            ("answer", "Gave an answer that cannot be read"),
                            ("rate", "Over the calls a second set here"),
                            ("paused", "Paused after failures in a row"),
                            ("off", "Switched off or ended"),
                            ("key", "Its key cannot be read"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
                ("failure_detail", models.CharField(blank=True, max_length=300)),
                ("milliseconds", models.PositiveIntegerField(null=True)),
                ("text", models.TextField(blank=True)),
                ("text_purged_at", models.DateTimeField(editable=False, null=True)),
                ("created_at", models.DateTimeField(db_index=True)),
                (
                    "api_key",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reference_calls",
                        to="classifier.apikey",
                    ),
                ),
                (
                    "comment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reference_calls",
                        to="classifier.comment",
                    ),
                ),
                (
                    "model_version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.modelversion",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.source",
                    ),
                ),
                (
                    "transfer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reference_calls",
                        to="classifier.transfer",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="classifier.referenceservice",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="apikey",
            name="reference",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="keys",
                to="classifier.referenceservice",
            ),
        ),
        migrations.CreateModel(
            name="ScoreMap",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("version", models.PositiveIntegerField()),
                (
                    "wire",
                    models.CharField(
                        choices=[("perspective", "Perspective"), ("openai", "OpenAI Moderation")],
                        max_length=16,
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("quantile", "Quantiles: flags the same share"),
                            ("isotonic", "Isotonic regression: the expected score"),
                        ],
                        max_length=16,
                    ),
                ),
                ("threshold", models.FloatField()),
                ("attributes", models.JSONField()),
                ("origin", models.JSONField(default=dict)),
                ("note", models.CharField(blank=True, max_length=500)),
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
                    "model_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.modelversion",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="apikey",
            name="score_map",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="keys",
                to="classifier.scoremap",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("missing_constant__isnull", True),
                    models.Q(("missing_constant__gte", 0), ("missing_constant__lte", 1)),
                    _connector="OR",
                ),
                name="apikey_missing_constant_share",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("missing_attributes", "constant"), _negated=True),
                    ("missing_constant__isnull", False),
                    _connector="OR",
                ),
                name="apikey_missing_constant_given",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(("reference_mode", "off"), ("reference__isnull", False), _connector="OR"),
                name="apikey_reference_given",
            ),
        ),
        migrations.AddConstraint(
            model_name="clientseen",
            constraint=models.UniqueConstraint(
                fields=("api_key", "dialect", "user_agent"), name="clientseen_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="referenceservice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("timeout_seconds__gt", 0),
                    ("calls_per_second__gt", 0),
                    ("share__gte", 0),
                    ("share__lte", 1),
                ),
                name="referenceservice_numbers",
            ),
        ),
        migrations.AddIndex(
            model_name="referencecall",
            index=models.Index(fields=["service", "-created_at"], name="referencecall_service"),
        ),
        migrations.AddIndex(
            model_name="referencecall",
            index=models.Index(fields=["api_key", "-created_at"], name="referencecall_key"),
        ),
        migrations.AddIndex(
            model_name="referencecall",
            index=models.Index(
                condition=models.Q(("text", ""), _negated=True),
                fields=["source", "created_at"],
                name="referencecall_with_text",
            ),
        ),
        migrations.AddConstraint(
            model_name="scoremap",
            constraint=models.UniqueConstraint(fields=("name", "version"), name="scoremap_version"),
        ),
        migrations.RunSQL(
            "CREATE TRIGGER classifier_scoremap_append_only BEFORE UPDATE OR DELETE ON classifier_scoremap"
            " FOR EACH ROW EXECUTE FUNCTION classifier_refuse_change();",
            "DROP TRIGGER classifier_scoremap_append_only ON classifier_scoremap;",
        ),
    ]
