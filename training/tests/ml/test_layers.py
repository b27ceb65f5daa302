"""Which layers a student takes, and what it is made of."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, BertConfig, BertForSequenceClassification

from training.ml.encoders.layers import LayerSelectionError, encoder_layers, make_student, select_layers
from training.ml.encoders.loading import count_parameters
from training.tests.ml.tiny import write_base


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("odd", (1, 3, 5, 7, 9, 11)),
        ("even", (2, 4, 6, 8, 10, 12)),
        ("first", (1, 2, 3, 4, 5, 6)),
        ("last", (7, 8, 9, 10, 11, 12)),
        ("spread", (1, 3, 5, 8, 10, 12)),
        ("even-as-coded", (1, 3, 5, 7, 9, 11)),
        ("odd-as-coded", (12, 2, 4, 6, 8, 10)),
        ("12,1,1", (12, 1, 1)),
    ],
)
def test_a_selection_names_layers_counted_from_one(name: str, layers: tuple[int, ...]) -> None:
    assert select_layers(name, 12) == layers


@pytest.mark.parametrize("bad", ["13", "0", "-1", "every", "", "1,,2"])
def test_a_selection_outside_the_teacher_is_refused(bad: str) -> None:
    told = r"^layer -?\d+ is not among the teacher's layers 1 to 12$|^unknown layer selection '.*': use one of odd"
    with pytest.raises(LayerSelectionError, match=told):
        select_layers(bad, 12)


def test_bert_base_and_its_half_have_the_published_parameter_counts() -> None:
    with torch.device("meta"):
        teacher = BertForSequenceClassification(BertConfig())  # two labels, as the published table
        assert count_parameters(teacher)[0] == 109_483_778
        student, taken = make_student(teacher, "even")
    assert count_parameters(student)[0] == 66_956_546
    assert taken == (2, 4, 6, 8, 10, 12)
    assert count_parameters(teacher)[0] == 109_483_778


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra", "distilbert", "mpnet"])
def test_a_student_takes_embeddings_chosen_layers_and_head_of_any_encoder(kind: str, tmp_path: Path) -> None:
    base = write_base(tmp_path / kind, kind)
    teacher = AutoModelForSequenceClassification.from_pretrained(base, num_labels=2)
    student, taken = make_student(teacher, "2,4")
    own, attribute = encoder_layers(student)
    theirs, _ = encoder_layers(teacher)
    assert len(getattr(own, attribute)) == student.config.num_hidden_layers == 2
    assert len(getattr(theirs, attribute)) == 4
    for place, layer in enumerate(taken):
        copied = getattr(own, attribute)[place].state_dict()
        source = getattr(theirs, attribute)[layer - 1].state_dict()
        assert all(torch.equal(copied[key], source[key]) for key in source)
    apart = {key: value for key, value in student.state_dict().items() if "layer." not in key}
    assert all(torch.equal(value, teacher.state_dict()[key]) for key, value in apart.items())
    addresses = {p.data_ptr() for p in teacher.parameters()}
    assert not addresses & {p.data_ptr() for p in student.parameters()}
