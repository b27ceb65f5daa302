"""API keys may hold the scope for training."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classifier", "0005_gate_in_history")]

    operations = [
        migrations.RemoveConstraint(model_name="apikey", name="apikey_scopes_known"),
        migrations.AlterField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("submit", "Submit comments"),
                        ("read", "Read its own comments and verdicts"),
                        ("score", "Score text without storing it"),
                        ("train", "Train, measure and promote models"),
                    ],
                    max_length=16,
                ),
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("scopes__contained_by", ["submit", "read", "score", "train"]), ("scopes__len__gt", 0)
                ),
                name="apikey_scopes_known",
            ),
        ),
    ]
