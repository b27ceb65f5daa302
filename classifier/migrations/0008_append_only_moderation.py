"""Policies, reports, second reviews and the audit are append-only too; the function is that of migration 0002."""

from django.db import migrations

TABLES = [
    "classifier_policy",
    "classifier_report",
    "classifier_secondreview",
    "classifier_auditentry",
]


def trigger(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION classifier_refuse_change();",
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("classifier", "0007_moderation")]

    operations = [trigger(table) for table in TABLES]
