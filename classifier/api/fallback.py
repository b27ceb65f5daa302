"""What answers under /api/ where nothing lives: a redirect for a forgotten last slash, otherwise 404."""

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase, HttpResponseRedirectBase
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt

from classifier.api.problems import NOT_FOUND, PROBLEM_TYPE, Problem


class PermanentRedirect(HttpResponseRedirectBase):
    """308: unlike 301, it keeps the method."""

    status_code = 308


@csrf_exempt
def lost(request: HttpRequest) -> HttpResponseBase:
    with_slash = f"{request.path}/"
    lives = _lives(f"{request.path_info}/")
    if lives:
        if request.method in ("GET", "HEAD"):
            query = request.META.get("QUERY_STRING", "")
            return PermanentRedirect(f"{with_slash}?{query}" if query else with_slash)
        detail = f"Addresses here end in a slash: send this to {with_slash}."
    else:
        detail = f"Nothing lives at {request.path}. The API is described at /api/docs/."
    return JsonResponse(Problem(NOT_FOUND, detail).body(), status=404, content_type=PROBLEM_TYPE)


def _lives(path: str) -> bool:
    if path.startswith("//"):
        return False
    try:
        return resolve(path).func is not lost
    except Resolver404:
        return False
