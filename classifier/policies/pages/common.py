"""Parts that the pages of policies share: permissions, the source of an address, and the redirect to a policy."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from classifier.core.visibility import sees_source
from classifier.models import Source
from classifier.web.access import person_of

SEE, SAVE = "classifier.view_policy", "classifier.add_policy"


def source_or_404(request: HttpRequest, slug: str | None) -> Source | None:
    """Return the source of an address, None for the site's own policy.

    Raises Http404, also if the user may not see the source.
    """
    if slug is None:
        return None
    source = Source.objects.filter(slug=slug).first()
    if source is None or not sees_source(person_of(request), source):
        raise Http404
    return source


def back_to_policy(source: Source | None) -> HttpResponse:
    return redirect("policy", source.slug) if source else redirect("policy-site")
