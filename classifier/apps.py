"""The classifier application: comments, predictions, model versions, pages and API."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ClassifierConfig(AppConfig):
    name = "classifier"

    def ready(self) -> None:
        from classifier.accounts.roles import ensure_after_migrate
        from classifier.core import events
        from classifier.notices.recording import notices_of_events
        from classifier.policies.services import policies_ensure_after_migrate
        from classifier.webhooks.outbox import outbox_write

        events.register(outbox_write, inside=True)
        events.register(notices_of_events, inside=True)
        # After the receiver of contrib.auth, which makes the permissions and was connected before this one.
        post_migrate.connect(ensure_after_migrate, sender=self, dispatch_uid="classifier.roles")
        post_migrate.connect(policies_ensure_after_migrate, sender=self, dispatch_uid="classifier.policies")
