"""Perspective's errors: Google's envelope, with the reason as `errorType` where Perspective has one."""

from collections.abc import Mapping
from typing import Any

from classifier.api_keys.quotas import REQUESTS
from classifier.core.error_kinds import ErrorKind
from classifier.dialects.replies import Dialect, DialectError

SERVICE = "commentanalyzer.googleapis.com"
ERROR_TYPE = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
INVALID_REQUEST = "INVALID_REQUEST"
BAD_KEY = "API key not valid. Please pass a valid API key."
STATUSES = {ErrorKind.NO_KEY: 400, ErrorKind.BAD_KEY: 400}
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


def error_body(error: DialectError, status: int) -> dict[str, Any]:
    message = BAD_KEY if error.kind in (ErrorKind.NO_KEY, ErrorKind.BAD_KEY) else error.message
    body: dict[str, Any] = {"code": status, "message": message, "status": WORDS.get(status, "UNKNOWN")}
    details = _details(error)
    if details is not None:
        body["details"] = [details]
    return {"error": body}


DIALECT = Dialect(STATUSES, error_body, "perspective")


def invalid(message: str, error_type: str = INVALID_REQUEST, **details: Any) -> DialectError:
    return DialectError(ErrorKind.INVALID, message, code=error_type, details=details)


def _details(error: DialectError) -> Mapping[str, Any] | None:
    match error.kind:
        case ErrorKind.NO_KEY | ErrorKind.BAD_KEY:
            return _info("API_KEY_INVALID", {"service": SERVICE})
        case ErrorKind.NOT_ALLOWED:
            return _info("API_KEY_SERVICE_BLOCKED", {"service": SERVICE})
        case ErrorKind.QUOTA_EXCEEDED if error.quota is not None:
            quota = error.quota
            name = (
                "AnalyzeRequestsPerMinutePerKey" if quota.exceeded == REQUESTS else "AnalyzeTextsPerDayPerKey"
            )
            metadata = {"service": SERVICE, "quota_limit": name, "quota_limit_value": str(quota.limit)}
            return _info("RATE_LIMIT_EXCEEDED", metadata)
        case ErrorKind.INVALID | ErrorKind.MALFORMED | ErrorKind.UNPROCESSABLE:
            known = error.code if error.code.isupper() else INVALID_REQUEST
            return {"@type": ERROR_TYPE, "errorType": known, **error.details}
    return None


def _info(reason: str, metadata: Mapping[str, str]) -> Mapping[str, Any]:
    return {"@type": ERROR_INFO, "reason": reason, "domain": "googleapis.com", "metadata": metadata}
