"""The administration: people, comments, predictions, model versions, API keys; one kind a file."""

from classifier.accounts.admin import UserAdmin
from classifier.api_keys.admin import ApiKeyAdmin
from classifier.api_keys.admin_clients_seen import ClientSeenAdmin
from classifier.comments.admin import CommentAdmin, SourceAdmin
from classifier.history.admin import CommentEventAdmin, ModelVersionEventAdmin
from classifier.model_versions.admin import ModelVersionAdmin
from classifier.references.admin import ReferenceCallAdmin, ReferenceServiceAdmin
from classifier.review.admin import (
    AppealAdmin,
    BulkActionAdmin,
    GoldenItemAdmin,
    ReportAdmin,
    SavedQueueAdmin,
    SecondReviewAdmin,
)
from classifier.review.admin_decisions import AuditEntryAdmin, DecisionAdmin, PolicyAdmin, ShadowPolicyAdmin
from classifier.scoring.admin import PredictionAdmin
from classifier.statistics.admin import DayStatisticAdmin, TransferAdmin
from classifier.suggestions.admin import SuggestionAdmin
from classifier.webhooks.admin import WebhookAdmin, WebhookDeliveryAdmin

__all__ = [
    "ApiKeyAdmin",
    "AppealAdmin",
    "AuditEntryAdmin",
    "BulkActionAdmin",
    "ClientSeenAdmin",
    "CommentAdmin",
    "CommentEventAdmin",
    "DayStatisticAdmin",
    "DecisionAdmin",
    "GoldenItemAdmin",
    "ModelVersionAdmin",
    "ModelVersionEventAdmin",
    "PolicyAdmin",
    "PredictionAdmin",
    "ReferenceCallAdmin",
    "ReferenceServiceAdmin",
    "ReportAdmin",
    "SavedQueueAdmin",
    "SecondReviewAdmin",
    "ShadowPolicyAdmin",
    "SourceAdmin",
    "SuggestionAdmin",
    "TransferAdmin",
    "UserAdmin",
    "WebhookAdmin",
    "WebhookDeliveryAdmin",
]
