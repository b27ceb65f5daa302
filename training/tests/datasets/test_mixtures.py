"""Mixtures: weights multiplied, labels united, decisions first, nothing leaks."""

from typing import Any

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied

from classifier.models import User
from training.core.errors import DatasetRejected
from training.datasets.mixtures import MixturePart, dataset_mix
from training.datasets.services import dataset_make_test_set
from training.ml.file_format.derived import Part, Share, mix
from training.ml.file_format.rows import Rows, RowsRejected, read_splits, text_digest
from training.tests.datasets.conftest import MakeDataset, rows_of


def rows(texts: list[str], target: int, labels: tuple[str, ...] = ("toxic",), weight: float = 1.0) -> Rows:
    targets = np.full((len(texts), len(labels)), target, dtype=np.float32)
    return Rows(texts, targets, np.full(len(texts), weight, np.float32), labels)


def test_weights_are_multiplied_and_labels_united() -> None:
    one = Part("one", {"train": rows(["a"], 1, weight=3.0), "validation": rows(["v"], 0)}, weight=2.0)
    other = Part("other", {"train": rows(["b"], 0, ("insult",))})
    splits, left_out, _ = mix([one, other])
    train = splits["train"]
    assert train.labels == ("toxic", "insult")
    assert np.array_equal(train.targets, [[1, -1], [-1, 0]])
    assert train.weights.tolist() == [6.0, 1.0]
    assert train.sources == ["one", "other"]
    assert left_out == {}


def test_of_a_text_in_several_parts_the_decision_stays() -> None:
    data = Part("data", {"train": rows(["Same words", "other"], 1), "validation": rows(["v"], 0)})
    decisions = Part("decisions", {"train": rows(["same  WORDS"], 0)}, decisions=True)
    splits, left_out, _ = mix([data, decisions])
    assert splits["train"].texts == ["other", "same  WORDS"]
    assert splits["train"].targets[:, 0].tolist() == [1, 0]
    assert left_out == {"duplicates": 1}
    earlier = Part("earlier", {"train": rows(["same words"], 0)})
    splits, _, _ = mix([earlier, data])
    assert splits["train"].texts == ["same words", "other"]


def test_no_text_is_in_two_splits_nor_in_the_sites_test_set() -> None:
    one = Part("one", {"train": rows(["a", "b", "c", "d"], 1), "validation": rows(["b", "v"], 0)})
    other = Part("other", {"train": rows(["x"], 1), "test": rows(["c", "v"], 0)})
    splits, left_out, _ = mix(
        [one, Part("z", {"validation": rows(["w"], 1)}), other], measured_on={text_digest("D")}
    )
    assert {split: part.texts for split, part in splits.items()} == {
        "train": ["a", "x"],
        "validation": ["b", "w"],
        "test": ["c", "v"],
    }
    assert left_out == {"leaked": 3, "in_test_set": 1}


def test_a_cap_takes_the_same_rows_each_time_and_tells_each_parts_share() -> None:
    many = [f"row {n} of many" for n in range(50)]
    one = Part(
        "one", {"train": rows(many, 1, weight=2.0), "validation": rows(["v"], 0)}, weight=3.0, most_rows=10
    )
    other = Part("other", {"train": rows(["x", "y"], 0)})
    splits, left_out, shares = mix([one, other])
    assert left_out == {"above_cap": 40}
    assert shares == [Share(10, 60.0), Share(2, 2.0)]
    chosen = splits["train"].texts[:10]
    again = Part("one", {"train": rows(many[::-1], 1), "validation": rows(["v"], 0)}, most_rows=10)
    assert sorted(mix([again, other]).splits["train"].texts[:10]) == sorted(chosen)
    more = Part("one", {"train": rows(many, 1), "validation": rows(["v"], 0)}, most_rows=20)
    assert set(chosen) < set(mix([more, other]).splits["train"].texts)


def test_labels_get_the_mixtures_names_and_negatives_of_a_narrow_set_are_unknown() -> None:
    hate = rows(["away with them", "a fine day", "stop"], 1, ("hate", "violent"))
    hate.targets[1] = 0
    hate.targets[2] = [0, 1]
    narrow = Part(
        "hate set",
        {"train": hate},
        label_names={"hate": "identity_hate"},
        negatives_unknown=["hate", "violent"],
    )
    base = Part("base", {"train": rows(["b"], 0, ("toxic",)), "validation": rows(["v"], 0, ("toxic",))})
    splits, left_out, _ = mix([base, narrow])
    train = splits["train"]
    assert train.labels == ("toxic", "identity_hate", "violent")
    assert dict(zip(train.texts, train.targets.tolist(), strict=True)) == {
        "b": [0, -1, -1],
        "away with them": [-1, 1, 1],
        "stop": [-1, -1, 1],
    }
    assert left_out == {"unknown": 1}  # the harmless row knows nothing any more
    assert hate.targets[1].tolist() == [0, 0]  # the dataset stays as it is


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_names": {"hate": "toxic"}}, "“one” has no label hate; it has: toxic, insult"),
        ({"negatives_unknown": ["hate"]}, "“one” has no label hate"),
        ({"label_names": {"insult": "toxic"}}, "two labels of “one” would have one name"),
    ],
)
def test_labels_that_are_not_there_are_told(options: dict[str, Any], message: str) -> None:
    one = Part("one", {"train": rows(["a"], 1, ("toxic", "insult")), "validation": rows(["v"], 0)}, **options)
    with pytest.raises(RowsRejected, match=message):
        mix([one, Part("other", {"train": rows(["b"], 0)})])


def test_a_mixture_without_validation_rows_is_refused() -> None:
    parts = [Part("one", {"train": rows(["a"], 1)}), Part("two", {"train": rows(["b"], 1)})]
    with pytest.raises(RowsRejected, match="no validation rows"):
        mix(parts)


def test_a_frozen_mixture_remembers_its_parts_and_leaves_the_test_set_out(
    upload: MakeDataset, model_admin: User
) -> None:
    measured = upload("Measured", test=rows_of(12))
    dataset_make_test_set(dataset=measured, by=None)
    one = upload("One", train=rows_of(60), validation=rows_of(10, begin=100), test=rows_of(5, begin=200))
    other = upload("Other", train=rows_of(30, begin=300), validation=rows_of(5, begin=400))
    assert one.statistics["in_test_set"] == {"train": 12, "validation": 0}
    mixture = dataset_mix(name="Mixed", parts=[(one, 1.0), (other, 2.5)], by=model_admin)
    assert mixture.statistics["left_out"] == {"in_test_set": 12}
    assert mixture.rows["train"] == 60 - 12 + other.rows["train"]
    assert [(part["name"], part["weight"]) for part in mixture.parts] == [("One", 1.0), ("Other", 2.5)]
    assert set(read_splits(mixture.path)["train"].weights.tolist()) == {1.0, 2.5}


def test_what_cannot_be_mixed_is_told(upload: MakeDataset, moderator: User) -> None:
    one, other = upload("One"), upload("Other")
    for parts, message in (
        ([(one, 1.0)], "between 2 and 10"),
        ([(one, 1.0), (one, 2.0)], "once"),
        ([(one, 1.0), (other, 0.0)], "above 0"),
        ([(one, 1.0), (other, float("nan"))], "above 0"),
        ([MixturePart(one, most_rows=0), MixturePart(other)], "at least 1 row"),
        (
            [MixturePart(one, label_names={"toxic": "a b"}), MixturePart(other)],
            "'a b' cannot be the name of a label",
        ),
        ([MixturePart(one, negatives_unknown=("hate",)), MixturePart(other)], "has no label hate"),
    ):
        with pytest.raises(DatasetRejected, match=message):
            dataset_mix(name="M", parts=parts, by=None)
    with pytest.raises(PermissionDenied, match=r"lacks the permission training\.add_dataset$"):
        dataset_mix(name="M", parts=[(one, 1.0), (other, 1.0)], by=moderator)
