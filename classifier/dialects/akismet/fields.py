"""The fields of a call, which are a form in the encoding that its content type names.

WordPress sends hundreds of fields more (`POST_…`, the visitor's headers). Only fields that are read here are kept in
memory; nothing else of a body is stored or logged. Django's own reader takes UTF-8 alone and 1,000 fields at most.
"""

import codecs
import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest

from classifier.core.error_kinds import ErrorKind
from classifier.dialects.replies import DialectError

NAMES = frozenset(
    (
        *("api_key", "key", "blog", "permalink", "is_test", "user_role", "recheck_reason", "comment_content"),
        *("comment_author", "comment_author_email", "comment_author_url"),
    )
)
PAIRS_MAX = 20_000
# Encodings of pages, by Python's names; its other codecs, such as hex and unicode_escape, are none.
_CHARSET = re.compile(
    r"(utf-(8|8-sig|16|16-le|16-be)|ascii|iso8859-\d{1,2}|cp\d{3,4}|koi8-[rtu]|mac-\w+|euc_\w+|shift_jis\w*|gb\w+|big5\w*)\Z"
)
_NAMES = {name.encode() for name in NAMES}


def read_form(body: bytes, charset: str) -> dict[str, str]:
    """Return the fields of NAMES, without the spaces around them; of a field sent twice the last one counts.

    What the encoding cannot read becomes U+FFFD, and NUL is left out. Raises DialectError.
    """
    pairs = body.split(b"&", PAIRS_MAX)
    if len(pairs) > PAIRS_MAX:
        raise DialectError(ErrorKind.TOO_LARGE, f"The form has more than {PAIRS_MAX:,} fields.")
    fields = {}
    for pair in pairs:
        name, _, value = pair.partition(b"=")
        name = unquote_to_bytes(name.replace(b"+", b" ")) if b"%" in name else name
        if name in _NAMES:
            text = unquote_to_bytes(value.replace(b"+", b" ")).decode(charset, "replace")
            fields[name.decode()] = text.replace("\x00", "").strip()
    return fields


def read_query(query: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of NAMES in an address, as `read_form` does."""
    return {name: query[name].replace("\x00", "").strip() for name in NAMES if name in query}


def charset_of(request: HttpRequest) -> str:
    """Return the encoding that the content type names, or UTF-8 where it names none that is known here."""
    named = (request.content_params or {}).get("charset", "").strip("\"' ")
    try:
        found = codecs.lookup(named).name
    except (LookupError, ValueError):
        return "utf-8"
    return found if _CHARSET.match(found) else "utf-8"


def is_form(request: HttpRequest) -> bool:
    """Say whether the body is a plain form; a content type that is missing or malformed counts as one."""
    kind = (request.content_type or "").lower()
    return "/" not in kind or kind in ("application/x-www-form-urlencoded", "text/plain")
