"""Where Perspective's clients put their key, and which source a community is here."""

from django.http import HttpRequest
from django.utils.text import slugify

from classifier.core.validation import SLUG
from classifier.core.visibility import sees_source
from classifier.dialects.perspective.comment import NAME_LIMIT
from classifier.dialects.perspective.errors import DIALECT
from classifier.dialects.perspective.reading import Fields
from classifier.dialects.view import DialectView
from classifier.models import Source

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

    def note_asked(self, fields: Fields, attributes: str = "") -> None:
        """Note the names and languages of a call before it can be refused for one of them."""
        names, languages = fields.values.get(attributes), fields.values.get("languages")
        self.asked_attributes = names if isinstance(names, dict) else ()
        if isinstance(languages, str):
            languages = [languages]
        self.asked_languages = languages if isinstance(languages, list) else ()

    def source_of(self, fields: Fields) -> Source | str:
        """The source of `communityId` as a slug; without one the key's only source, or else `perspective`.

        A source that is not there yet, and one that the key does not reach, is given by its slug.
        """
        community = fields.text("communityId", most=NAME_LIMIT)
        if not community and (only := self.only_source()) is not None:
            return only
        slug = slug_of(community)
        found = Source.objects.filter(slug=slug).first()
        owner = self.api_key.owner if self.api_key is not None else None
        return found if found is not None and sees_source(owner, found) else slug


def slug_of(community: str) -> str:
    """A community's name as the slug of a source; what is no slug is made one."""
    if not community:
        return DEFAULT_SOURCE
    return community if SLUG.match(community) else slugify(community)[:64] or DEFAULT_SOURCE
