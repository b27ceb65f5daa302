"""The administration: people, comments, predictions, model versions, API keys; one kind a file."""

from classifier.admin.api_keys import ApiKeyAdmin
from classifier.admin.comments import CommentAdmin, SourceAdmin
from classifier.admin.history import CommentEventAdmin, ModelVersionEventAdmin
from classifier.admin.model_versions import ModelVersionAdmin
from classifier.admin.moderation import AuditEntryAdmin, DecisionAdmin, PolicyAdmin
from classifier.admin.predictions import PredictionAdmin
from classifier.admin.users import UserAdmin

__all__ = [
    "ApiKeyAdmin",
    "AuditEntryAdmin",
    "CommentAdmin",
    "CommentEventAdmin",
    "DecisionAdmin",
    "ModelVersionAdmin",
    "ModelVersionEventAdmin",
    "PolicyAdmin",
    "PredictionAdmin",
    "SourceAdmin",
    "UserAdmin",
]
