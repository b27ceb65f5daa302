"""The classifier's tables, one concept a file."""

from classifier.models.api_key import ApiKey, ApiKeyUsage, ApiScope, MissingAttributes
from classifier.models.append_only import AppendOnlyError
from classifier.models.audit import AuditEntry, DayStatistic, Transfer
from classifier.models.comment import (
    AUTHOR_REF_MAX_CHARACTERS,
    COMMENT_TRANSITIONS,
    EXTERNAL_ID_MAX_CHARACTERS,
    TERMINAL_COMMENT_STATUSES,
    Comment,
    CommentEvent,
    CommentStatus,
)
from classifier.models.comment_context import CommentContext, ContextKind
from classifier.models.decision import FINAL_ACTIONS, Decision, DecisionAction
from classifier.models.idempotent_request import IdempotentRequest
from classifier.models.language_slot import LanguageSlot
from classifier.models.model_version import (
    MODEL_VERSION_TRANSITIONS,
    ModelVersion,
    ModelVersionEvent,
    ModelVersionStatus,
)
from classifier.models.notice import (
    ChannelKind,
    Notice,
    NoticeAlert,
    NoticeChannel,
    NoticeDelivery,
    NoticeKind,
    NoticePreference,
    QueueSample,
)
from classifier.models.operation import BackupRecord, OutgoingHold
from classifier.models.policy import Band, ConcernMode, FailMode, Policy, TextFormat, UnknownLanguage
from classifier.models.prediction import Prediction, Verdict
from classifier.models.reference import (
    ClientSeen,
    ReferenceCall,
    ReferenceMode,
    ReferenceService,
    ScoreMap,
    Wire,
)
from classifier.models.review import (
    Appeal,
    AppealStatus,
    BulkAction,
    GoldenItem,
    Report,
    SavedQueue,
    SecondReview,
)
from classifier.models.rule import RULE_DESCRIPTION_CHARACTERS, Rule, RuleList, RuleShadowHit, RuleState
from classifier.models.shadow_policy import (
    SHADOW_POLICY_TRANSITIONS,
    ShadowJudgement,
    ShadowPolicy,
    ShadowPolicyEvent,
    ShadowPolicyStatus,
)
from classifier.models.shadow_prediction import ShadowPrediction
from classifier.models.short_key import ShortKey, ShortKeyForm
from classifier.models.source import Source, SourceAccess
from classifier.models.suggestion import Suggestion
from classifier.models.user import User
from classifier.models.webhook import (
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEvent,
    WebhookEventType,
)

__all__ = [
    "AUTHOR_REF_MAX_CHARACTERS",
    "COMMENT_TRANSITIONS",
    "EXTERNAL_ID_MAX_CHARACTERS",
    "FINAL_ACTIONS",
    "MODEL_VERSION_TRANSITIONS",
    "RULE_DESCRIPTION_CHARACTERS",
    "SHADOW_POLICY_TRANSITIONS",
    "TERMINAL_COMMENT_STATUSES",
    "ApiKey",
    "ApiKeyUsage",
    "ApiScope",
    "Appeal",
    "AppealStatus",
    "AppendOnlyError",
    "AuditEntry",
    "BackupRecord",
    "Band",
    "BulkAction",
    "ChannelKind",
    "ClientSeen",
    "Comment",
    "CommentContext",
    "CommentEvent",
    "CommentStatus",
    "ConcernMode",
    "ContextKind",
    "DayStatistic",
    "Decision",
    "DecisionAction",
    "FailMode",
    "GoldenItem",
    "IdempotentRequest",
    "LanguageSlot",
    "MissingAttributes",
    "ModelVersion",
    "ModelVersionEvent",
    "ModelVersionStatus",
    "Notice",
    "NoticeAlert",
    "NoticeChannel",
    "NoticeDelivery",
    "NoticeKind",
    "NoticePreference",
    "OutgoingHold",
    "Policy",
    "Prediction",
    "QueueSample",
    "ReferenceCall",
    "ReferenceMode",
    "ReferenceService",
    "Report",
    "Rule",
    "RuleList",
    "RuleShadowHit",
    "RuleState",
    "SavedQueue",
    "ScoreMap",
    "SecondReview",
    "ShadowJudgement",
    "ShadowPolicy",
    "ShadowPolicyEvent",
    "ShadowPolicyStatus",
    "ShadowPrediction",
    "ShortKey",
    "ShortKeyForm",
    "Source",
    "SourceAccess",
    "Suggestion",
    "TextFormat",
    "Transfer",
    "UnknownLanguage",
    "User",
    "Verdict",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookEventType",
    "Wire",
]
