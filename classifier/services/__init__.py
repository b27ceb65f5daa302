"""The verbs of the classifier: pages, API, admin, tasks and commands call these and so behave alike."""

from classifier.services.api_keys import (
    api_key_authenticate,
    api_key_create,
    api_key_revoke,
    api_key_rotate,
    api_key_update,
)
from classifier.services.appeals import appeal_open, appeal_resolve
from classifier.services.bulk import bulk_decide, bulk_preview, bulk_undo, group_decide
from classifier.services.claims import claim, claim_next, claim_renew, release
from classifier.services.comments import (
    comment_retry,
    comment_submit,
    comment_wait,
    comments_submit,
    source_get_or_create,
)
from classifier.services.decisions import decision_record, decision_undo
from classifier.services.edits import comment_edit, comment_rescan, comments_rescan
from classifier.services.errors import (
    ApiKeyInvalid,
    ArtifactRejected,
    ClaimTaken,
    DecisionConflict,
    ModelBroken,
    NoBroker,
    NoModel,
    NothingToRollBackTo,
    NotPossibleNow,
    NoWorker,
    ScoreTimeout,
    TextGone,
    VersionConflict,
)
from classifier.services.heartbeat import WorkerStatus, worker_status, workers
from classifier.services.model_versions import (
    model_version_activate,
    model_version_register,
    model_version_roll_back,
)
from classifier.services.near_duplicates import group_of
from classifier.services.promotion_gate import GateClosed, GateVerdict, gate_check, gate_register
from classifier.services.reports import report_add
from classifier.services.saved_queues import saved_queue_create, saved_queue_delete, saved_queue_update
from classifier.services.scoring import (
    ExplainedWord,
    ScoredText,
    TextExplanation,
    TextProblem,
    TextSpan,
    comment_explain,
    comment_sentences,
    score_each,
    score_texts,
)
from classifier.services.shadow import shadow_start, shadow_stop
from classifier.services.validation import InvalidInput, ValidationProblem, validate_texts

__all__ = [
    "ApiKeyInvalid",
    "ArtifactRejected",
    "ClaimTaken",
    "DecisionConflict",
    "ExplainedWord",
    "GateClosed",
    "GateVerdict",
    "InvalidInput",
    "ModelBroken",
    "NoBroker",
    "NoModel",
    "NoWorker",
    "NotPossibleNow",
    "NothingToRollBackTo",
    "ScoreTimeout",
    "ScoredText",
    "TextExplanation",
    "TextGone",
    "TextProblem",
    "TextSpan",
    "ValidationProblem",
    "VersionConflict",
    "WorkerStatus",
    "api_key_authenticate",
    "api_key_create",
    "api_key_revoke",
    "api_key_rotate",
    "api_key_update",
    "appeal_open",
    "appeal_resolve",
    "bulk_decide",
    "bulk_preview",
    "bulk_undo",
    "claim",
    "claim_next",
    "claim_renew",
    "comment_edit",
    "comment_explain",
    "comment_rescan",
    "comment_retry",
    "comment_sentences",
    "comment_submit",
    "comment_wait",
    "comments_rescan",
    "comments_submit",
    "decision_record",
    "decision_undo",
    "gate_check",
    "gate_register",
    "group_decide",
    "group_of",
    "model_version_activate",
    "model_version_register",
    "model_version_roll_back",
    "release",
    "report_add",
    "saved_queue_create",
    "saved_queue_delete",
    "saved_queue_update",
    "score_each",
    "score_texts",
    "shadow_start",
    "shadow_stop",
    "source_get_or_create",
    "validate_texts",
    "worker_status",
    "workers",
]
