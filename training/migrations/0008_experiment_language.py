from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0007_quick_measurement"),
    ]

    operations = [
        migrations.AddField(
            model_name="experiment",
            name="language",
            field=models.CharField(blank=True, db_default="", default="", max_length=35),
        ),
    ]
