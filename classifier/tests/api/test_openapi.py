"""The committed OpenAPI file is what the code says, and is served."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft202012Validator

from classifier.api.schema import examples

COMMITTED = Path(__file__).parents[2] / "api" / "openapi.yaml"


def test_the_committed_file_is_the_generated_one_without_a_warning(tmp_path: Path) -> None:
    generated = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(generated), validate=True, fail_on_warn=True)
    assert generated.read_text() == COMMITTED.read_text(), "run `make api-file`"


def test_the_server_serves_it(client: Client) -> None:
    response = client.get("/api/v1/openapi.yaml")
    assert response.headers["Content-Type"] == "application/yaml; charset=utf-8"
    assert yaml.safe_load(response.content) == yaml.safe_load(COMMITTED.read_text())


def test_it_is_openapi_3_1_and_every_operation_has_an_example_and_its_errors() -> None:
    document = yaml.safe_load(COMMITTED.read_text())
    assert document["openapi"] == "3.1.0"
    operations: list[Any] = [op for path in document["paths"].values() for op in path.values()]
    assert {"submit_comments", "list_comments", "read_comment", "score_texts"} <= {
        op["operationId"] for op in operations
    }
    for operation in operations:
        answers = operation["responses"]
        assert {"400", "401", "403", "429", "500"} <= answers.keys()
        good = next(answers[status] for status in ("200", "201", "202", "204") if status in answers)
        for kind, media in good.get("content", {}).items():
            assert media.get("examples") or kind == "application/zip", operation["operationId"]
        if "requestBody" in operation:
            assert {"413", "415"} <= answers.keys()
            for media in operation["requestBody"]["content"].values():
                assert media["examples"], operation["operationId"]


def test_every_example_fits_its_schema() -> None:
    document = yaml.safe_load(COMMITTED.read_text())
    wrong = [
        f"{operation_id}, {name}: {error.json_path} {error.message}"
        for operation_id, schema, examples in _json_contents(document)
        for name, example in examples.items()
        for error in Draft202012Validator({**schema, "components": document["components"]}).iter_errors(
            example["value"]
        )
    ]
    assert wrong == []


def test_every_example_belongs_to_an_operation() -> None:
    document = yaml.safe_load(COMMITTED.read_text())
    known = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert examples().keys() <= known


def _json_contents(document: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the operation id, the schema and the examples of each JSON body and good answer."""
    for path in document["paths"].values():
        for operation in path.values():
            bodies = [operation.get("requestBody", {})]
            bodies += [answer for status, answer in operation["responses"].items() if status < "300"]
            for body in bodies:
                content = body.get("content", {}).get("application/json")
                if content is not None:
                    yield operation["operationId"], content["schema"], content["examples"]
