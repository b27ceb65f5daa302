"""The classifier's tables, one concept a file."""

from classifier.models.api_key import ApiKey, ApiScope
from classifier.models.append_only import AppendOnlyError
from classifier.models.comment import (
    AUTHOR_REF_MAX_CHARACTERS,
    COMMENT_TRANSITIONS,
    EXTERNAL_ID_MAX_CHARACTERS,
    TERMINAL_COMMENT_STATUSES,
    Comment,
    CommentEvent,
    CommentStatus,
)
from classifier.models.decision import Decision, DecisionAction
from classifier.models.model_version import (
    MODEL_VERSION_TRANSITIONS,
    ModelVersion,
    ModelVersionEvent,
    ModelVersionStatus,
)
from classifier.models.prediction import Prediction, Verdict
from classifier.models.shadow_prediction import ShadowPrediction
from classifier.models.source import Source
from classifier.models.user import User

__all__ = [
    "AUTHOR_REF_MAX_CHARACTERS",
    "COMMENT_TRANSITIONS",
    "EXTERNAL_ID_MAX_CHARACTERS",
    "MODEL_VERSION_TRANSITIONS",
    "TERMINAL_COMMENT_STATUSES",
    "ApiKey",
    "ApiScope",
    "AppendOnlyError",
    "Comment",
    "CommentEvent",
    "CommentStatus",
    "Decision",
    "DecisionAction",
    "ModelVersion",
    "ModelVersionEvent",
    "ModelVersionStatus",
    "Prediction",
    "ShadowPrediction",
    "Source",
    "User",
    "Verdict",
]
