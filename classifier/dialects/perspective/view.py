"""The base of Perspective's calls: where key and community are sent, and what replaces missing attributes."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.http import HttpRequest
from django.utils.text import slugify

from classifier.core.validation import SLUG
from classifier.core.visibility import sees_source
from classifier.dialects.perspective.errors import DIALECT
from classifier.dialects.perspective.requests import NAME_LIMIT, Fields, uncovered
from classifier.dialects.scoring import shortened
from classifier.dialects.view import DialectView
from classifier.models import ApiKey, MissingAttributes, Source

DEFAULT_SOURCE = "perspective"
MISSING_HEADER = "Toxicsite-Missing-Attributes"


class PerspectiveView(DialectView):
    dialect = DIALECT
    http_method_names = ["post"]
    request: HttpRequest

    def sent_key(self) -> str | None:
        """Return the key of `?key=`, as Google's clients send it, or of a header."""
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
        """Return the source of `communityId`; without one the key's only source, or else `perspective`.

        A source that does not exist yet, and one that the key does not reach, is returned as its slug.
        """
        community = fields.text("communityId", most=NAME_LIMIT)
        if not community and (only := self.only_source()) is not None:
            return only
        slug = slug_of(community)
        source = Source.objects.filter(slug=slug).first()
        owner = self.api_key.owner if self.api_key is not None else None
        return source if source is not None and sees_source(owner, source) else slug


def slug_of(community: str) -> str:
    """Turn the name of a community into the slug of a source."""
    if not community:
        return DEFAULT_SOURCE
    return community if SLUG.match(community) else slugify(community)[:64] or DEFAULT_SOURCE


@dataclass
class Missing:
    """The real attributes that no label of the model covers, and what replaces them by the setting of the key.

    Where the caller asks for `dropUnsupportedAttributes` they are left out, whatever the key says. `names` are those
    that were asked for, under the names that the caller gave them.
    """

    choice: str
    constant: float | None
    names: dict[str, None] = field(default_factory=dict)

    @classmethod
    def of(cls, api_key: ApiKey | None, *, drop: bool) -> "Missing":
        if api_key is None or drop:
            return cls(MissingAttributes.LEAVE_OUT, None)
        constant = api_key.missing_constant
        return cls(
            api_key.missing_attributes,
            constant if api_key.missing_attributes == MissingAttributes.CONSTANT else None,
        )

    def add(self, name: str) -> None:
        """Note that `name` is missing. Raises DialectError where the key has chosen that."""
        if self.choice == MissingAttributes.REFUSE:
            raise uncovered(name)
        self.names[name] = None

    def of_attribute(self, name: str) -> float | None:
        """Return the number that replaces this attribute's score, or None if none does."""
        return self.constant if name in self.names else None

    def body(self) -> dict[str, float | None]:
        """Return each name with the number that replaces its score, for the body of a reply; None means left out."""
        return dict.fromkeys(self.names, self.constant)

    def header(self) -> dict[str, str]:
        return missing_header(self.names, self.constant)


def missing_header(names: Collection[str], constant: float | None = None) -> dict[str, str]:
    """Name missing attributes in a reply header, each with the number that replaces its score."""
    mark = "" if constant is None else f"={constant:g}"
    return {MISSING_HEADER: shortened((f"{name}{mark}" for name in names), ", ")} if names else {}
