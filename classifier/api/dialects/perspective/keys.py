"""Where Perspective's clients put their key, and which source a community is here."""

from django.http import HttpRequest
from django.utils.text import slugify

from classifier.api.dialects.perspective.comment import NAME_LIMIT
from classifier.api.dialects.perspective.errors import DIALECT
from classifier.api.dialects.perspective.reading import Fields
from classifier.api.dialects.view import DialectView
from classifier.services.validation import SLUG

DEFAULT_SOURCE = "perspective"


class PerspectiveView(DialectView):
    dialect = DIALECT
    http_method_names = ["post"]
    request: HttpRequest

    def sent_key(self) -> str | None:
        """`?key=` as Google's clients send it, or in a header."""
        for sent in (self.request.GET.get("key"), self.request.headers.get("X-Goog-Api-Key")):
            if sent is not None and sent.strip():
                return sent.strip()
        return super().sent_key()

    def source_of(self, fields: Fields) -> str:
        """`communityId` as a source's slug; what is no slug is made one."""
        community = fields.text("communityId", most=NAME_LIMIT)
        if not community:
            return DEFAULT_SOURCE
        return community if SLUG.match(community) else slugify(community)[:64] or DEFAULT_SOURCE
