"""Pages of other origins may not call the API unless their origin is named, and never with a session."""

import pytest
import yaml
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db
ORIGIN = "https://forum.example.org"
ASK = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}


def cors_headers(path: str, origin: str = ORIGIN) -> dict[str, str]:
    response = Client().options(path, headers={**ASK, "Origin": origin})
    found = {name.lower(): value for name, value in response.headers.items()}
    return {name: value for name, value in found.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("path", ["/api/v1/score/", "/v1/moderations", "/sign-in/"])
def test_nobody_is_let_in_unless_configured(path: str) -> None:
    assert cors_headers(path) == {}


def test_a_named_origin_may_call_the_api_and_no_page(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    allowed = cors_headers("/api/v1/score/")
    assert allowed["access-control-allow-origin"] == ORIGIN
    assert "authorization" in allowed["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in allowed
    assert cors_headers("/sign-in/") == {}
    assert cors_headers("/api/v1/score/", "https://evil.example.org") == {}


def test_it_may_read_the_quota_from_the_reply(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    response = Client().get("/api/v1/comments/", headers={"Origin": ORIGIN})
    assert "RateLimit-Remaining" in response.headers["Access-Control-Expose-Headers"]


def test_it_may_send_and_read_every_header_that_the_api_file_names(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    described = yaml.safe_load((settings.BASE_DIR / "classifier/api/openapi.yaml").read_text())
    operations = [one for path in described["paths"].values() for one in path.values()]
    sent = {
        parameter["name"].lower()
        for operation in operations
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "header"
    }
    assert sent == {"idempotency-key", "if-match", "last-event-id"}
    assert sent <= set(cors_headers("/api/v1/comments/")["access-control-allow-headers"].split(", "))
    response = Client().get("/api/v1/comments/", headers={"Origin": ORIGIN})
    readable = response.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"ETag", "Location", "Retry-After", "Idempotency-Replayed"} <= set(readable)
    said = {"Toxicsite-Missing-Attributes", "Toxicsite-Policy", "Toxicsite-Skipped-Parts"}
    assert said | {"Toxicsite-Score-Map", "Toxicsite-Answered-By"} <= set(readable)


def test_it_may_read_errors_of_unknown_addresses_too(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    response = Client().get("/api/v1/nothing/", headers={"Origin": ORIGIN})
    assert response.status_code == 404
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
