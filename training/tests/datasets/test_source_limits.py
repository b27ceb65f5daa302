"""Who sees some sources learns from those alone, and reads no name of another one."""

import pytest
from django.test import Client

from classifier.core.source_access import source_access_set
from classifier.models import ModelVersion, Source, User
from classifier.tests.conftest import active_version, artifacts, candidates, models_dir
from training.core.errors import DatasetRejected
from training.datasets.decision_summary import decisions_summary
from training.datasets.from_decisions import dataset_from_decisions
from training.tests.datasets.test_decisions import comments, decide, frozen_rows

__all__ = ["active_version", "artifacts", "candidates", "models_dir"]


@pytest.fixture
def limited(active_version: ModelVersion, moderator: User, model_admin: User) -> User:
    """The model admin, who sees the near source alone, where both hold decisions."""
    decide(comments(active_version, [f"near words {i}" for i in range(24)], "near"), moderator)
    decide(comments(active_version, [f"far words {i}" for i in range(30)], "faraway"), moderator)
    near = Source.objects.get(slug="near")
    source_access_set(user=model_admin, all_sources=False, sources=[near], by=None)
    return User.objects.get(pk=model_admin.pk)


def test_a_dataset_of_all_decisions_is_one_of_all_that_its_maker_sees(limited: User) -> None:
    made = dataset_from_decisions(name="mine", by=limited)
    assert {text.split()[0] for text in frozen_rows(made)} == {"near"}
    everything = dataset_from_decisions(name="all", by=None)
    assert {text.split()[0] for text in frozen_rows(everything)} == {"near", "far"}


def test_another_source_is_refused_as_one_that_is_not_there(limited: User) -> None:
    for slug in ("faraway", "nowhere"):
        with pytest.raises(DatasetRejected, match=f"There is no source {slug} that you see"):
            dataset_from_decisions(name="theirs", by=limited, sources=["near", slug])
    source_access_set(user=limited, all_sources=False, sources=[], by=None)
    with pytest.raises(DatasetRejected, match="You see no source"):
        dataset_from_decisions(name="none", by=User.objects.get(pk=limited.pk))


def test_pages_and_counts_name_no_other_source(limited: User, client: Client) -> None:
    assert [one.source for one in decisions_summary(user=limited).sources] == ["near"]
    assert decisions_summary(user=limited).total == 24
    assert decisions_summary().total == 54
    client.force_login(limited)
    for path in ("/training/datasets/new/decisions/", "/training/datasets/freeze/"):
        page = client.get(path).content.decode()
        assert "faraway" not in page
        assert "near" in page
    form = {
        "name": "theirs",
        "sources": ["faraway"],
        "weight": "1",
        "test_share": "0.1",
        "validation_share": "0.1",
    }
    assert client.post("/training/datasets/new/decisions/", form).status_code == 422
