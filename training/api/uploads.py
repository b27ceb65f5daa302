"""Files in requests: multipart forms, bounded before they are read."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from classifier.api.fields import ClosedSerializer
from classifier.api.problems import TOO_LARGE, Problem
from classifier.api.reading import checked_body, refuse_unstorable

FILES = 3  # of a dataset, one a split
FORM_BYTES = 1024 * 1024  # for everything else in the form


class UploadParser(MultiPartParser):
    """Refuses a form that is larger than its files may be together, before reading it."""

    media_type_help = "Send fields and files as multipart/form-data."

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = FILES * settings.DATASET_MAX_BYTES + FORM_BYTES
        if int((parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0) > limit:
            detail = f"The form is larger than {limit:,} bytes, the limit here. Bring fewer rows."
            raise Problem(TOO_LARGE, detail)
        return super().parse(stream, media_type, parser_context)


def checked_form(serializer: type[ClosedSerializer], request: Request) -> dict[str, Any]:
    """Return the fields and files of a form, checked by `serializer`; of a field sent twice the last one counts."""
    data = dict(request.data.items()) if isinstance(request.data, Mapping | QueryDict) else {}
    refuse_unstorable({name: value for name, value in data.items() if not isinstance(value, UploadedFile)})
    return checked_body(serializer, data)
