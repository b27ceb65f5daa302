"""Imported comments are scored when nothing waits that comes in live; claims walk an index in that order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classifier", "0011_idempotent_requests")]

    operations = [
        migrations.AddField(
            model_name="comment",
            name="is_backlog",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.RemoveIndex(model_name="comment", name="comment_pending"),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(
                condition=models.Q(("status", "pending")),
                fields=["is_backlog", "attempts", "id"],
                name="comment_pending_turns",
            ),
        ),
    ]
