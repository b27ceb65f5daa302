"""The administration: people, comments, predictions, model versions, API keys; one kind a file."""

from classifier.admin.api_keys import ApiKeyAdmin
from classifier.admin.clients_seen import ClientSeenAdmin
from classifier.admin.comments import CommentAdmin, SourceAdmin
from classifier.admin.history import CommentEventAdmin, ModelVersionEventAdmin
from classifier.admin.model_versions import ModelVersionAdmin
from classifier.admin.moderation import AuditEntryAdmin, DecisionAdmin, PolicyAdmin, ShadowPolicyAdmin
from classifier.admin.operations import DayStatisticAdmin, TransferAdmin
from classifier.admin.predictions import PredictionAdmin
from classifier.admin.references import ReferenceCallAdmin, ReferenceServiceAdmin
from classifier.admin.review import (
    AppealAdmin,
    BulkActionAdmin,
    GoldenItemAdmin,
    ReportAdmin,
    SavedQueueAdmin,
    SecondReviewAdmin,
)
from classifier.admin.suggestions import SuggestionAdmin
from classifier.admin.users import UserAdmin
from classifier.admin.webhooks import WebhookAdmin, WebhookDeliveryAdmin

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
