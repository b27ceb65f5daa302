"""Versions by language: slots, stated languages of comments, languages of sources, thresholds by language."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0027_reports_harmless"),
    ]

    operations = [
        migrations.CreateModel(
            name="LanguageSlot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("language", models.CharField(max_length=35, unique=True)),
                ("filled_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["language"],
            },
        ),
        migrations.AddField(
            model_name="comment",
            name="languages",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=35),
                blank=True,
                db_default=[],
                default=list,
                editable=False,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="waits_for_version",
            field=models.BigIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="modelversionevent",
            name="language",
            field=models.CharField(blank=True, db_default="", default="", max_length=35),
        ),
        migrations.AddField(
            model_name="policy",
            name="language_bands",
            field=models.JSONField(db_default={}, default=dict, verbose_name="thresholds by language"),
        ),
        migrations.AddField(
            model_name="source",
            name="language",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="A tag such as de. It counts where the language of a text is not clear. Empty: none is usual.",
                max_length=35,
                verbose_name="language of its comments",
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="language_fixed",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="The language of its texts is then never identified.",
                verbose_name="every comment is in this language",
            ),
        ),
        migrations.AddConstraint(
            model_name="source",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("language_fixed", False), models.Q(("language", ""), _negated=True), _connector="OR"
                ),
                name="source_fixed_language_is_named",
            ),
        ),
        migrations.AddField(
            model_name="languageslot",
            name="model_version",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="slots",
                to="classifier.modelversion",
            ),
        ),
        migrations.AddField(
            model_name="languageslot",
            name="shadow",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="shadow_slots",
                to="classifier.modelversion",
            ),
        ),
        migrations.AddConstraint(
            model_name="languageslot",
            constraint=models.CheckConstraint(
                condition=models.Q(("language", ""), _negated=True), name="languageslot_names_a_language"
            ),
        ),
        migrations.AddConstraint(
            model_name="languageslot",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("model_version__isnull", False), ("shadow__isnull", False), _connector="OR"
                ),
                name="languageslot_is_used",
            ),
        ),
        migrations.AddConstraint(
            model_name="languageslot",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("shadow__isnull", True),
                    ("model_version__isnull", True),
                    models.Q(("shadow", models.F("model_version")), _negated=True),
                    _connector="OR",
                ),
                name="languageslot_shadow_is_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="languageslot",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("filled_at__isnull", True), ("model_version__isnull", True)),
                    models.Q(("filled_at__isnull", False), ("model_version__isnull", False)),
                    _connector="OR",
                ),
                name="languageslot_filled_at_set",
            ),
        ),
    ]
