"""A body over the limit is refused before anything reads it."""

from django.conf import LazySettings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from toxicsite.middleware import BodyLimitMiddleware


def answer(path: str, length: int | str, content_type: str = "application/json") -> tuple[int, str]:
    def never_reads(request: HttpRequest) -> HttpResponse:
        return HttpResponse("passed")

    request = RequestFactory().post(path, data=b"{}", content_type=content_type)
    request.META["CONTENT_LENGTH"] = str(length)
    response = BodyLimitMiddleware(never_reads)(request)
    assert isinstance(response, HttpResponse)
    return response.status_code, response.content.decode()


def test_a_body_at_the_limit_passes(settings: LazySettings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert answer("/api/v1/comments/", 100) == (200, "passed")


def test_a_larger_body_is_refused_with_both_numbers(settings: LazySettings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    status, text = answer("/api/v1/comments/", 101)
    assert status == 413
    assert "101" in text
    assert "100" in text


def test_a_form_may_bring_three_files_of_the_largest_size_and_no_more(settings: LazySettings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    settings.DATASET_MAX_BYTES = 10_000
    assert answer("/upload/", 30_100, "multipart/form-data; boundary=x") == (200, "passed")
    assert answer("/upload/", 30_101, "multipart/form-data; boundary=x")[0] == 413


def test_a_length_that_is_no_number_is_a_bad_request() -> None:
    assert answer("/", "-5")[0] == 400
    assert answer("/", "²")[0] == 400
