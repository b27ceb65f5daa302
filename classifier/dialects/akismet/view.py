"""The base of Akismet's calls: the key in the form or in the host name, the fields, the blog's source."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.text import slugify

from classifier.api_keys.services import MARK, api_key_authenticate
from classifier.api_keys.short_keys import TooManyWrongKeys, is_short, short_key_authenticate
from classifier.core.error_kinds import ErrorKind
from classifier.core.errors import ApiKeyInvalid
from classifier.core.visibility import sees_source
from classifier.dialects.akismet.errors import DIALECT, missing_field
from classifier.dialects.akismet.fields import charset_of, is_form, read_form, read_query
from classifier.dialects.akismet.hosts import host_name, key_in_host
from classifier.dialects.replies import DialectError
from classifier.dialects.view import DialectView
from classifier.models import ApiKey, Source
from toxicsite.lib.client_address import counted_address

DEFAULT_SOURCE = "akismet"
FORM_WANTED = "Send the fields as application/x-www-form-urlencoded."
LOWERED = (
    "A host name has no upper case, so this key cannot stand there. Make its second form: "
    "manage.py api_key short PREFIX --form host."
)


class AkismetView(DialectView):
    dialect = DIALECT
    request: HttpRequest
    sent_fields: dict[str, str] | None = None
    key_fields = ("api_key", "key")  # the first of them that is sent is the key

    def fields(self) -> dict[str, str]:
        """Return the known fields of the form, or of the address where there is no body. Raises DialectError."""
        if self.sent_fields is None:
            if self.request.method in ("GET", "HEAD"):
                self.sent_fields = read_query(self.request.GET)
            elif is_form(self.request):
                self.sent_fields = read_form(self.raw_body(), charset_of(self.request))
            else:
                raise DialectError(ErrorKind.MALFORMED, FORM_WANTED)
        return self.sent_fields

    def sent_key(self) -> str | None:
        """Return the key of the form, or else what stands before the host name."""
        fields = self.fields()
        in_form = next((fields[name] for name in self.key_fields if fields.get(name)), None)
        return in_form or key_in_host(host_name(self.request), settings.AKISMET_HOSTS) or None

    def blog(self) -> str:
        """Return the address of the blog. Raises DialectError."""
        blog = self.fields().get("blog", "")
        if not blog:
            raise missing_field("blog")
        return blog

    def source(self, blog: str) -> Source | str:
        """Return the only source of the key, or that of the blog: its host name with hyphens for dots.

        A source that does not exist yet, and one that the key does not reach, is returned as its slug.
        """
        if (only := self.only_source()) is not None:
            return only
        slug = slug_of(blog)
        source = Source.objects.filter(slug=slug).first()
        owner = self.api_key.owner if self.api_key is not None else None
        return source if source is not None and sees_source(owner, source) else slug

    def _authenticated(self) -> ApiKey:
        plaintext = self.sent_key()
        if plaintext is None:
            raise DialectError(ErrorKind.NO_KEY, "No API key was sent.")
        if not is_short(plaintext.lower()):
            return self._long_key(plaintext)
        address = counted_address(self.request.META, settings.TRUSTED_PROXIES)
        try:
            return short_key_authenticate(plaintext=plaintext.lower(), address=address)
        except TooManyWrongKeys as error:
            raise DialectError(ErrorKind.QUOTA_EXCEEDED, str(error)) from None

    def _long_key(self, plaintext: str) -> ApiKey:
        try:
            return api_key_authenticate(plaintext=plaintext)
        except ApiKeyInvalid:
            if plaintext.startswith(MARK) and plaintext == plaintext.lower():
                raise DialectError(ErrorKind.BAD_KEY, LOWERED, details={"help": LOWERED}) from None
            raise


def slug_of(blog: str) -> str:
    """Turn the address of a blog into the slug of a source."""
    try:
        host = urlsplit(blog if "//" in blog else f"//{blog}").hostname or ""
    except ValueError:
        host = ""
    return slugify(host.replace(".", "-"))[:64].strip("-") or DEFAULT_SOURCE
