from django.db import migrations, models


class Migration(migrations.Migration):
    """How a text is written, and what a policy leaves out of rules and scores."""

    dependencies = [
        ("classifier", "0022_languages"),
    ]

    operations = [
        migrations.AddField(
            model_name="comment",
            name="text_format",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=8),
        ),
        migrations.AddField(
            model_name="policy",
            name="leave_out",
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name="policy",
            name="text_format",
            field=models.CharField(
                choices=[("text", "Plain text"), ("html", "HTML"), ("markdown", "Markdown")],
                db_default="text",
                default="text",
                max_length=8,
            ),
        ),
    ]
