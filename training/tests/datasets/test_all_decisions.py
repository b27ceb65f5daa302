"""Decisions and suggestions become a dataset with one click, counted before, and go on into a mixed run."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from classifier.models import Comment, Decision, GoldenItem, ModelVersion, Source, Suggestion, User
from classifier.review.decisions import decision_record
from classifier.tests.conftest import active_version, artifacts, candidates, models_dir
from training.core.errors import DatasetRejected
from training.datasets.decision_summary import decisions_summary
from training.datasets.from_decisions import dataset_from_all_decisions, dataset_from_decisions
from training.ml.file_format.rows import read_splits
from training.models import Dataset
from training.tests.datasets.conftest import MakeDataset, rows_of
from training.tests.datasets.test_decisions import comments, decide, frozen_rows

__all__ = ["active_version", "artifacts", "candidates", "models_dir"]
URL = "/training/datasets/freeze/"


def suggest(text: str, toxic: float, **fields: Any) -> Suggestion:
    source, _ = Source.objects.get_or_create(slug="forum", defaults={"name": "Forum"})
    return Suggestion.objects.create(text=text, labels={"toxic": toxic}, source=source, **fields)


@pytest.fixture
def mixed_bag(active_version: ModelVersion, moderator: User) -> list[Comment]:
    """Create 24 decided comments, and one of each kind that is left out."""
    found = comments(active_version, [f"words {i}" for i in range(28)])
    decide(found[:25], moderator)
    GoldenItem.objects.create(comment=found[24], expected="remove")
    automatic = Decision.objects.create(comment=found[25], action="remove", automatic=True)
    Comment.objects.filter(pk=found[25].pk).update(current_decision=automatic, status="decided")
    decision_record(comment=found[26], action="remove", by=moderator)
    Comment.objects.filter(pk=found[26].pk).update(
        text="", text_hash=None, sketch=None, text_purged_at=timezone.now()
    )
    suggest("suggested insult", 0.9)
    suggest("suggested kindness", 0.1)
    suggest("words 1", 0.95)  # a moderator approved this text
    suggest("rejected", 0.9, rejected_at=timezone.now())
    suggest("about a known answer", 0.9, comment=found[24])
    return found


def test_it_counts_before_what_it_freezes_then(mixed_bag: list[Comment], model_admin: User) -> None:
    before = decisions_summary()
    assert (before.approved, before.removed, before.new) == (16, 8, 24)
    assert (before.golden, before.by_policies, before.purged) == (1, 1, 1)
    assert before.suggestions == 3  # neither the rejected one nor the one about a known answer
    assert [(row.source, row.approved) for row in before.sources] == [("forum", 16)]
    made = dataset_from_all_decisions(by=model_admin)
    frozen = frozen_rows(made)
    assert len(frozen) == 26
    assert (frozen["suggested insult"]["toxic"], frozen["suggested kindness"]["toxic"]) == (1, 0)
    assert frozen["words 1"]["toxic"] == 0
    left_out = {mixed_bag[24].text, mixed_bag[25].text, "rejected", "about a known answer", ""}
    assert not left_out & set(frozen)
    assert made.statistics["decisions"]["suggested"] == 2
    after = decisions_summary()
    assert (after.new, after.last) == (0, made)


def test_what_policies_decided_is_taken_in_where_asked_for(mixed_bag: list[Comment]) -> None:
    with_all = dataset_from_decisions(name="All", automatic=True, by=None)
    assert mixed_bag[25].text in frozen_rows(with_all)
    assert not {mixed_bag[24].text, "suggested insult"} & set(frozen_rows(with_all))


def test_a_second_click_in_the_same_minute_gets_a_name_of_its_own(mixed_bag: list[Comment]) -> None:
    first, second = dataset_from_all_decisions(by=None), dataset_from_all_decisions(by=None)
    assert first.name != second.name
    assert first.fingerprints == second.fingerprints


def test_suggestions_alone_can_be_too_few_and_one_sided(db: None) -> None:
    for number in range(19):
        suggest(f"words {number}", 0.9)
    with pytest.raises(DatasetRejected, match="at least 20"):
        dataset_from_all_decisions(by=None)
    suggest("one more", 0.9)
    with pytest.raises(DatasetRejected, match="No comment was approved"):
        dataset_from_all_decisions(by=None)


def test_moderators_do_not_freeze(mixed_bag: list[Comment], moderator: User, client: Client) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission training\.add_dataset$"):
        dataset_from_all_decisions(by=moderator)
    client.force_login(moderator)
    assert client.post(URL).status_code == 403
    assert not Dataset.objects.exists()


def test_one_click_freezes_and_leads_to_a_run_with_a_mixture(
    mixed_bag: list[Comment], model_admin: User, client: Client, upload: MakeDataset
) -> None:
    public = upload("Public rows", train=rows_of(60))
    client.force_login(model_admin)
    page = client.get(URL).content.decode()
    assert "1 known answer:" in page
    assert "There is none yet" in page
    assert f'action="{URL}"' in client.get("/training/datasets/").content.decode()
    answer = client.post(URL)
    made = Dataset.objects.get(kind="decisions")
    assert answer.headers["Location"] == f"/training/datasets/{made.pk}/#train"
    page = client.get(f"/training/datasets/{made.pk}/").content.decode()
    assert f'<option value="{public.pk}"' in page
    refused = client.post(f"/training/datasets/{made.pk}/mix/", {"other": public.pk, "weight": "0"})
    assert refused.headers["Location"].endswith("#train")
    answer = client.post(f"/training/datasets/{made.pk}/mix/", {"other": public.pk, "weight": "5"})
    mixture = Dataset.objects.get(kind="mixture")
    assert answer.headers["Location"] == f"/training/new/?dataset={mixture.pk}"
    assert [part["weight"] for part in mixture.parts] == [5.0, 1.0]
    rows = read_splits(mixture.path)["train"]
    assert {round(float(weight), 3) for weight in rows.weights} == {1.0, 5.0}
    chosen = f'<option value="{mixture.pk}" selected'
    assert chosen in client.get(answer.headers["Location"]).content.decode()
    assert client.post(f"/training/datasets/{public.pk}/mix/", {}).status_code == 404


def test_too_few_decisions_are_said_in_place(model_admin: User, client: Client) -> None:
    client.force_login(model_admin)
    answer = client.post(URL)
    assert answer.status_code == 422
    assert "There are no decisions" in answer.content.decode()
