"""A shadow version's report counts a period from an index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classifier", "0012_backlog")]

    operations = [
        migrations.AddIndex(
            model_name="shadowprediction",
            index=models.Index(
                fields=["model_version", "-created_at"],
                include=["disagrees", "verdict"],
                name="shadowprediction_by_time",
            ),
        ),
    ]
