"""The merged history reads the events of comments by time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classifier", "0008_append_only_moderation")]

    operations = [
        migrations.AddIndex(
            model_name="commentevent",
            index=models.Index(fields=["-created_at"], name="commentevent_created"),
        ),
    ]
