"""Forms of the pages of comments; the rules of their fields are in `core.validation`."""

from typing import Any
from urllib.parse import parse_qsl

from django import forms
from django.conf import settings
from django.http import HttpRequest

from classifier.core.validation import ROW_ID_MAX, text_problem
from classifier.models import CommentStatus, TextFormat, Verdict

NOT_UTF8 = "The text is not valid UTF-8. Save or copy it as UTF-8 and paste it again."


class TextField(forms.CharField):
    """Text as written, with the line ends that the person typed (browsers send CRLF)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, required=False, **kwargs)
        self.validators = []

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        return text.replace("\r\n", "\n").replace("\r", "\n") if text else ""


class ClassifyForm(forms.Form):
    """The text to classify, how it is written (empty: the policy of its source says), and whether it is kept."""

    text = TextField(label="Comment")
    format = forms.ChoiceField(label="Format", choices=TextFormat.choices, required=False)
    discard = forms.BooleanField(label="Do not store it", required=False)

    def __init__(self, request: HttpRequest | None = None) -> None:
        self.request = request
        super().__init__(request.POST if request is not None else None)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if (
            self.request is not None
            and "\N{REPLACEMENT CHARACTER}" in text
            and not sent_as_utf8(self.request)
        ):
            raise forms.ValidationError(NOT_UTF8, code="invalid_encoding")
        problem = text_problem(text)
        if problem is not None:
            raise forms.ValidationError(problem_in_words(problem.code, problem.message, text), problem.code)
        return text


class CommentFilterForm(forms.Form):
    """The filters of one's own comments; an invalid value is ignored."""

    STATUSES = [("", "All"), *CommentStatus.choices]
    VERDICTS = [("", "Any verdict"), (Verdict.TOXIC.value, "Toxic"), (Verdict.NON_TOXIC.value, "Non-toxic")]

    status = forms.ChoiceField(choices=STATUSES, required=False)
    verdict = forms.ChoiceField(choices=VERDICTS, required=False, label="Verdict")
    language = forms.RegexField(r"\A[A-Za-z-]{2,35}\Z", required=False, label="Language")
    q = forms.CharField(required=False, max_length=200, label="Search the text")
    before = forms.IntegerField(required=False, min_value=1, max_value=ROW_ID_MAX)
    after = forms.IntegerField(required=False, min_value=1, max_value=ROW_ID_MAX)

    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or None for name in self.fields}


def sent_as_utf8(request: HttpRequest) -> bool:
    """Return whether the form's bytes were UTF-8; Django puts a replacement character where they were not.

    Browsers send this form URL-encoded. A multipart form passes, because its bytes are gone once it has been read.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        return True
    try:
        parse_qsl(request.body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict")
    except UnicodeDecodeError:
        return False
    return True


def problem_in_words(code: str, message: str, text: str) -> str:
    """Return the sentence that tells the user how to correct the text."""
    if code in ("required", "blank"):
        return "The comment is empty. Type or paste the text that you want classified."
    if code == "max_length":
        limit = settings.COMMENT_MAX_CHARACTERS
        return (
            f"The comment has {len(text):,} characters, {len(text) - limit:,} over the limit of {limit:,}."
            " Shorten it, or classify it in parts."
        )
    if code == "null_characters":
        return "The comment contains a NUL character, which no text needs. Remove it and try again."
    return f"The comment cannot be read. {message}"
