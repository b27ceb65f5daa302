"""Decisions and shadow predictions are append-only too; the function is that of migration 0002."""

from django.db import migrations

TABLES = ["classifier_decision", "classifier_shadowprediction"]


def trigger(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION classifier_refuse_change();",
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("classifier", "0003_decisions_and_shadows")]

    operations = [trigger(table) for table in TABLES]
