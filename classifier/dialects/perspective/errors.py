"""Perspective's errors: Google's envelope, with the reason as `errorType` where Perspective has one."""

from collections.abc import Mapping
from typing import Any

from classifier.api_keys.quotas import REQUESTS
from classifier.dialects.refusals import Dialect, Refusal, Why

SERVICE = "commentanalyzer.googleapis.com"
ERROR_TYPE = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
INVALID_REQUEST = "INVALID_REQUEST"
BAD_KEY = "API key not valid. Please pass a valid API key."
STATUSES = {
    Why.MALFORMED: 400,
    Why.INVALID: 400,
    Why.UNPROCESSABLE: 400,
    Why.NO_KEY: 400,
    Why.BAD_KEY: 400,
    Why.NO_SCOPE: 403,
    Why.NOT_FOUND: 404,
    Why.NOT_ALLOWED: 405,
    Why.TOO_LARGE: 413,
    Why.QUOTA: 429,
    Why.NO_WORKER: 503,
    Why.NO_STORAGE: 503,
    Why.TOO_LATE: 504,
    Why.BROKEN: 500,
}
WORDS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def error_body(refusal: Refusal, status: int) -> dict[str, Any]:
    message = BAD_KEY if refusal.why in (Why.NO_KEY, Why.BAD_KEY) else refusal.message
    error: dict[str, Any] = {"code": status, "message": message, "status": WORDS.get(status, "UNKNOWN")}
    details = _details(refusal)
    if details is not None:
        error["details"] = [details]
    return {"error": error}


DIALECT = Dialect(STATUSES, error_body, "perspective")


def invalid(message: str, error_type: str = INVALID_REQUEST, **details: Any) -> Refusal:
    return Refusal(Why.INVALID, message, word=error_type, details=details)


def _details(refusal: Refusal) -> Mapping[str, Any] | None:
    match refusal.why:
        case Why.NO_KEY | Why.BAD_KEY:
            return _info("API_KEY_INVALID", {"service": SERVICE})
        case Why.NO_SCOPE:
            return _info("API_KEY_SERVICE_BLOCKED", {"service": SERVICE})
        case Why.QUOTA if refusal.quota is not None:
            quota = refusal.quota
            name = (
                "AnalyzeRequestsPerMinutePerKey" if quota.exceeded == REQUESTS else "AnalyzeTextsPerDayPerKey"
            )
            metadata = {"service": SERVICE, "quota_limit": name, "quota_limit_value": str(quota.limit)}
            return _info("RATE_LIMIT_EXCEEDED", metadata)
        case Why.INVALID | Why.MALFORMED | Why.UNPROCESSABLE:
            known = refusal.word if refusal.word.isupper() else INVALID_REQUEST
            return {"@type": ERROR_TYPE, "errorType": known, **refusal.details}
    return None


def _info(reason: str, metadata: Mapping[str, str]) -> Mapping[str, Any]:
    return {"@type": ERROR_INFO, "reason": reason, "domain": "googleapis.com", "metadata": metadata}
