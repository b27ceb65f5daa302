"""Quotas: a request is counted before its body is read, and its texts before they are scored or stored."""

from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classifier.api.authentication import api_key_of
from classifier.api.problems import THROTTLED, Problem
from classifier.api_keys.quotas import QuotaState, quota_give_back, quota_headers, quota_refusal, quota_take
from classifier.api_keys.usage import usage_error_count
from classifier.models import User


class Metered(APIView):
    """A view that counts calls and says in every reply to a known caller what is left of the quota."""

    def perform_authentication(self, request: Request) -> None:
        """Identify the caller, and count the call whether or not the caller may make it."""
        super().perform_authentication(request)
        if request.user.is_authenticated:
            _take(request, texts=0, requests=1)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        state = quota_of(request)
        for name, value in (quota_headers(state) if state is not None else {}).items():
            answer.headers.setdefault(name, value)
        api_key = api_key_of(request) if state is not None else None
        if api_key is not None and answer.status_code >= 400 and answer.status_code != 429:
            usage_error_count(api_key=api_key)
        return answer


def how_many(texts: object) -> int:
    """Count the texts of a list; anything else has none, and the service will refuse it."""
    return len(texts) if isinstance(texts, list) else 0


def take_texts(request: Request, texts: int) -> None:
    """Take the texts of a request from the quota, all of them or none. Raises the 429 problem."""
    _take(request, texts=texts, requests=0)


def give_texts_back(request: Request, texts: int) -> None:
    """Give texts that could not be scored back to the quota."""
    quota_give_back(api_key=api_key_of(request), texts=texts)


def quota_of(request: Request | HttpRequest) -> QuotaState | None:
    """Return what is left to the caller; None before the request is counted."""
    return getattr(getattr(request, "_request", request), "quota_state", None)


def _take(request: Request, *, texts: int, requests: int) -> None:
    user = request.user if isinstance(request.user, User) else None
    state = quota_take(api_key=api_key_of(request), user=user, texts=texts, requests=requests)
    setattr(request._request, "quota_state", state)  # noqa: B010 (a plain attribute is an error to the type checker)
    if state.exceeded:
        raise Problem(THROTTLED, quota_refusal(state, texts=texts), headers=quota_headers(state))
