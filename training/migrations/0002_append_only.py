"""Histories of experiments and sweeps are append-only; the function is that of the classifier's migration 0002."""

from django.db import migrations

TABLES = ["training_experimentevent", "training_sweepevent"]


def trigger(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION classifier_refuse_change();",
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("training", "0001_initial"), ("classifier", "0002_append_only")]

    operations = [trigger(table) for table in TABLES]
