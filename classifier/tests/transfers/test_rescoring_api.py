"""Rescoring through the API: counted, started, followed, cancelled and resumed; refused with reasons."""

from typing import Any

import pytest

from classifier.comments.submission import comments_submit
from classifier.model_versions.services import model_version_activate
from classifier.models import AuditEntry, Comment, ModelVersion, Source, User
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.transfers.test_api import Program
from classifier.transfers.worker import transfer_work

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(active_version: ModelVersion, candidates: tuple[ModelVersion, ModelVersion]) -> list[Comment]:
    made = comments_submit(items=[{"text": "i hate you"}, {"text": "thanks"}], source="forum")
    made += comments_submit(items=[{"text": "elsewhere"}], source="shop")
    pending_classify(scorer=FakeScorer(), model_version=active_version, limit=100)
    model_version_activate(model_version=candidates[1], by=None)
    return made


def post(program: Program, path: str, body: Any) -> Any:
    return program.post(path, body, "application/json")


def test_it_is_counted_started_followed_cancelled_and_resumed(
    history: list[Comment], candidates: tuple[ModelVersion, ModelVersion], admin_person: User
) -> None:
    program = Program(admin_person)
    counted = post(program, "rescorings/count/", {"source": "forum"}).json()
    assert counted == {"total": 2, "versions": {candidates[0].version: 2}}
    sent = post(program, "rescorings/", {"source": "forum"})
    assert (sent.status_code, sent.headers["Location"]) == (202, sent.json()["url"])
    one = f"rescorings/{sent.json()['id']}/"
    assert (sent.json()["status"], sent.json()["total"], sent.json()["done"]) == ("queued", 2, 0)
    assert AuditEntry.objects.get(verb="rescore.comments").api_key is not None
    again = post(program, "rescorings/", {})
    assert (again.status_code, "Another rescoring" in again.json()["detail"]) == (409, True)
    assert post(program, f"{one}cancel/", {}).json()["status"] == "failed"
    assert post(program, f"{one}cancel/", {}).status_code == 409
    assert post(program, f"{one}resume/", {}).json()["status"] == "queued"
    for _ in range(2):
        transfer_work(transfer_id=sent.json()["id"])
        pending_classify(scorer=FakeScorer(), model_version=candidates[1], limit=100)
    transfer_work(transfer_id=sent.json()["id"])
    done = program.get(one).json()
    assert (done["status"], done["done"], done["changes"]) == ("succeeded", 2, {})
    assert [row["id"] for row in program.get("rescorings/").json()["items"]] == [done["id"]]
    assert program.get(f"transfers/{done['id']}/").status_code == 404


def test_nonsense_is_named_and_a_key_of_one_source_takes_only_that(
    history: list[Comment], candidates: tuple[ModelVersion, ModelVersion], admin_person: User
) -> None:
    wrong = post(Program(admin_person), "rescorings/", {"begin": "soon", "source": "none"})
    assert wrong.status_code == 400
    assert {error["pointer"] for error in wrong.json()["errors"]} == {"#/begin", "#/source"}
    shop = Source.objects.get(slug="shop")
    program = Program(admin_person, sources=[shop])
    assert post(program, "rescorings/count/", {}).json()["total"] == 1
    assert post(program, "rescorings/", {"source": "forum"}).status_code == 400
    made = post(program, "rescorings/", {}).json()
    transfer_work(transfer_id=made["id"])
    assert list(Comment.objects.pending()) == [history[2]]
