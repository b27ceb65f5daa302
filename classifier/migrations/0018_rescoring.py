"""Rescoring history: a kind of transfer, and who may start one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0017_shadow_policies"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="transfer",
            options={
                "ordering": ["-id"],
                "permissions": [("rescore_comment", "Can score history again")],
            },
        ),
        migrations.AlterField(
            model_name="transfer",
            name="kind",
            field=models.CharField(
                choices=[("import", "Import"), ("export", "Export"), ("rescore", "Rescoring")], max_length=8
            ),
        ),
    ]
