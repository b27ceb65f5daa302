"""The host names of Akismet's clients: `rest.akismet.com` and what stands before it, which may be the key.

They are answered at Akismet's paths alone, whatever ALLOWED_HOSTS says, since the clients have the name as a constant.
No reply of these paths builds an address of the name.
"""

import re
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from classifier.core.error_kinds import ErrorKind
from classifier.dialects.akismet.errors import DIALECT
from classifier.dialects.replies import DialectError

PATHS = ("/1.1/", "/1.2/")
_NAME = re.compile(r"([a-z0-9._-]{1,253})\.?(?::[0-9]{1,5})?\Z")
OTHER_HOST = (
    "The Host header names a host that this server does not answer to: see ALLOWED_HOSTS and AKISMET_HOSTS."
)
HTTPS_ONLY = "This server is reached by https only. Call it by https; a redirect would lose what was sent."


def admit(request: HttpRequest) -> HttpResponse | None:
    """Let a call of Akismet's paths through under Akismet's host names; return the reply where it ends here."""
    if not request.path_info.startswith(PATHS):
        return None
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        # A client that follows the redirect of a POST sends nothing, and reads what comes back as "no spam".
        return DIALECT.answer(DialectError(ErrorKind.UNAVAILABLE, HTTPS_ONLY))
    name = host_name(request)
    if key_in_host(name, settings.AKISMET_HOSTS) is not None:
        request.get_host = lambda: name  # type: ignore[method-assign]
    else:
        try:
            request.get_host()
        except DisallowedHost:  # answered here, since Django would log the name, and a key may stand in it
            return DIALECT.answer(DialectError(ErrorKind.MALFORMED, OTHER_HOST))
    return None


def host_name(request: HttpRequest) -> str:
    """Return the host that the caller named, in lower case and without a port; "" for what is no name."""
    match = _NAME.match(request.META.get("HTTP_HOST", "").lower())
    return match.group(1) if match else ""


def key_in_host(name: str, hosts: Iterable[str]) -> str | None:
    """Return what stands before one of `hosts` in a name: a key, or "" for the host itself; None for another name."""
    for host in hosts:
        if name == host.lower():
            return ""
        if name.endswith(f".{host.lower()}"):
            return name[: -len(host) - 1]
    return None
