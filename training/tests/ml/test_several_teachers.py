"""A student of several teachers: other tokenizers, weights, a start of its own, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.ml.config import ConfigError, LossWeights
from training.ml.data.batching import tokenize
from training.ml.data.tables import TextTable, load_table
from training.ml.encoders.loading import Start, load_base, load_tokenizer, read_run
from training.ml.encoders.predict import predict_logits
from training.ml.recipes import teaching
from training.ml.recipes.distill import DistillConfig, distill
from training.ml.recipes.teacher import TeacherConfig, train_teacher
from training.ml.recipes.teachers import match_outputs, with_sure_labels
from training.tests.ml.recipes_kit import LOOP, Recorder, make_teacher, rows
from training.tests.ml.tiny import WORDS, write_base, write_rows

QUICK = replace(LOOP, epochs=1)
LABELS = ("toxic", "insult")


def write_unigram_base(folder: Path) -> Path:
    """Write a BertModel with a unigram tokenizer and the special tokens of XLM-R, as multilingual E5 has them."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, XLMRobertaTokenizerFast  # type: ignore[attr-defined]

    folder.mkdir(parents=True)
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [(piece, 0.0) for piece in special] + [(f"▁{word}", -2.0) for word in WORDS]
    pieces += [(letter, -9.0) for letter in "▁abcdefghijklmnopqrstuvwxyz"] + [("<mask>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    XLMRobertaTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    torch.manual_seed(1)
    sizes: dict[str, Any] = {
        "hidden_size": 24,
        "num_attention_heads": 3,
        "num_hidden_layers": 3,
        "intermediate_size": 32,
    }
    BertModel(
        BertConfig(vocab_size=len(pieces), max_position_embeddings=48, pad_token_id=1, **sizes)
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A teacher with wordpieces, and one of other pieces and sizes that knows the labels in another order."""
    folder = tmp_path_factory.mktemp("teachers")
    first = make_teacher(folder, rows(folder, LABELS, 600), epochs=5)
    base = write_unigram_base(folder / "other-base")
    data = replace(rows(folder, LABELS, 600), labels=("insult", "toxic"))
    train_teacher(TeacherConfig(str(base), data, replace(LOOP, epochs=5)), folder / "other")
    return first, folder / "other"


def asked(teachers: tuple[Path, Path], folder: Path, **changes: Any) -> DistillConfig:
    config = DistillConfig(str(teachers[0]), "even", rows(folder, LABELS), QUICK)
    return replace(config, **{"also_teachers": (str(teachers[1]),), **changes})


def logits_of(folder: Path, labels: tuple[str, ...], texts: list[str]) -> "np.ndarray[Any, Any]":
    model = load_base(str(folder), labels=labels, softmax=False, attention="eager", dropout=0.0)
    return predict_logits(model, tokenize(load_tokenizer(str(folder)), texts, 32))


def test_a_student_learns_the_weighted_mean_of_two_teachers_with_other_tokenizers(
    teachers: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[Any] = []
    real = teaching.cached_loss

    def seen(known: Any, *args: Any, **options: Any) -> Any:
        wanted.append(known)
        return real(known, *args, **options)

    monkeypatch.setattr("training.ml.recipes.distill.cached_loss", seen)
    heard = Recorder()
    config = asked(teachers, tmp_path, teacher_weights="1, 3", loop=replace(QUICK, epochs=4))
    result = distill(config, tmp_path / "student", heard)
    assert heard.phases() == ["teacher logits", "teacher 2 logits", "student", "validation"]
    assert result.validation["toxic"]["roc_auc"] > 0.95

    texts = load_table(config.data.train, "train", text_column="comment_text", labels=LABELS).texts
    mine = logits_of(teachers[0], LABELS, texts)
    its = logits_of(teachers[1], ("insult", "toxic"), texts)[:, ::-1]  # by name
    np.testing.assert_allclose(wanted[0], 0.25 * mine + 0.75 * its, atol=1e-4)

    card = read_run(tmp_path / "student")
    assert [(teacher["name"], teacher["weight"]) for teacher in card["teachers"]] == [
        ("teacher", 0.25),
        ("other", 0.75),
    ]
    assert len(card["provenance"]["also_teachers"]) == 1


def test_a_student_can_start_from_a_model_of_its_own(teachers: tuple[Path, Path], tmp_path: Path) -> None:
    small = write_base(tmp_path / "small", layers=1, hidden=24)
    loop = replace(QUICK, epochs=5)
    config = asked(teachers, tmp_path, student=str(small), loop=loop, teacher_max_lengths="32,16")
    config = replace(config, data=rows(tmp_path, LABELS, 600))
    result = distill(config, tmp_path / "student")
    assert result.validation["toxic"]["roc_auc"] > 0.9
    written = json.loads((tmp_path / "student" / "config.json").read_text())
    assert (written["hidden_size"], written["num_hidden_layers"]) == (24, 1)
    card = read_run(tmp_path / "student")
    assert "layers" not in card
    assert [teacher["max_length"] for teacher in card["teachers"]] == [32, 16]


def test_a_killed_run_asks_no_teacher_again_about_rows_that_it_knows(
    teachers: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching, "ROWS_AT_ONCE", 100)
    config = asked(teachers, tmp_path)
    whole = Recorder()
    distill(config, tmp_path / "whole", whole)
    assert whole.steps("teacher 2 logits")[-1] == 300
    assert whole.steps("teacher 2 logits") == sorted(whole.steps("teacher 2 logits"))

    class Killed(Recorder):
        def report(self, progress: Any) -> None:
            super().report(progress)
            if progress.phase == "teacher 2 logits" and progress.step > 200:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        distill(config, tmp_path / "student", Killed())
    heard = Recorder()
    resumed = distill(config, tmp_path / "student", heard)
    assert "teacher logits" not in heard.phases()
    assert heard.steps("teacher 2 logits")[0] > 200
    assert len(list((tmp_path / "student").glob("teacher-logits-*"))) == 2
    assert resumed.validation == distill(config, tmp_path / "again").validation


def test_a_label_that_no_teacher_knows_is_learned_from_the_rows(
    teachers: tuple[Path, Path], tmp_path: Path
) -> None:
    """Its head goes on from the labels that the start knows."""
    data = rows(tmp_path / "rows", ("toxic", "insult", "unkind"))
    write_rows(Path(data.train), 600, labels=data.labels)
    write_rows(Path(data.validation), 150, seed=1, labels=data.labels)
    config = asked(teachers, tmp_path, student=str(teachers[0]), data=data, loop=replace(QUICK, epochs=3))
    result = distill(config, tmp_path / "student")
    assert result.validation["unkind"]["roc_auc"] > 0.9
    assert result.validation["toxic"]["roc_auc"] > 0.95
    start = load_base(str(teachers[0]), labels=data.labels, softmax=False, attention="auto", dropout=None)
    known = load_base(str(teachers[0]), labels=LABELS, softmax=False, attention="auto", dropout=None)
    assert start.classifier.weight[:2].equal(known.classifier.weight)
    assert start.config.id2label == dict(enumerate(data.labels))


def test_logits_are_matched_by_the_names_of_the_labels() -> None:
    logits = np.asarray([[1.0, 2.0, 3.0]], dtype=np.float32)
    several = Start(("a", "b", "c"), False, {})
    assert match_outputs(logits, several, ["c", "a"], softmax=False).tolist() == [[3.0, 1.0]]
    assert np.isnan(match_outputs(logits, several, ["c", "z"], softmax=False)).tolist() == [[False, True]]
    assert match_outputs(logits, several, ["c"], softmax=True).tolist() == [[-1.5, 1.5]]
    one = Start(("a",), True, {})
    assert match_outputs(logits[:, :2], one, ["a"], softmax=True).tolist() == [[1.0, 2.0]]
    assert match_outputs(logits[:, :2], one, ["a"], softmax=False).tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"live_teacher": True}, r"^live_teacher: .* only where it is the only one"),
        ({"loss": LossWeights(hidden=1.0)}, r"^loss\.hidden: hidden states are those of one teacher"),
        (
            {"also_teachers": None, "student": "x", "live_teacher": True},
            r"^live_teacher: .* reads other tokens",
        ),
        ({"teacher_weights": "1,2,3"}, r"^teacher_weights: give 2 numbers, one for each teacher"),
        ({"teacher_weights": "1,none"}, r"^teacher_weights: '1,none' is not a list of numbers"),
        ({"teacher_weights": "1,0"}, r"^teacher_weights: every teacher needs a weight above 0"),
        ({"teacher_max_lengths": "64,1.5"}, r"^teacher_max_lengths: every length must be a whole number"),
        ({"also_teachers": ("FIRST",)}, r"^also_teachers: a teacher is named twice"),
        ({"teacher": ""}, r"^teacher: name the folder"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_name_of_its_field(
    changes: dict[str, Any], message: str, teachers: tuple[Path, Path], tmp_path: Path
) -> None:
    if changes.get("also_teachers") == ("FIRST",):
        changes = {"also_teachers": (str(teachers[0]),)}
    with pytest.raises(ConfigError, match=message):
        distill(asked(teachers, tmp_path, **changes), tmp_path / "student")


def test_a_teacher_that_lacks_a_label_is_refused(teachers: tuple[Path, Path], tmp_path: Path) -> None:
    one = make_teacher(tmp_path / "one", rows(tmp_path / "one", ("toxic",)), epochs=0, layers=2)
    with pytest.raises(ConfigError, match=r"^also_teachers: the teacher .* knows toxic, not insult"):
        distill(asked(teachers, tmp_path, also_teachers=(str(one),)), tmp_path / "student")


def test_sure_labels_stand_for_the_logits_of_teachers() -> None:
    targets = np.array([[1, 0], [0, -1], [1, 1]], np.float32)
    table = TextTable(
        ["a", "b", "c"],
        targets,
        np.ones(3, np.float32),
        LABELS,
        ["contrast threats", "contrast aimed", "wiki_toxic"],
    )
    logits = np.array([[-3.0, np.nan], [2.0, 1.5], [-1.0, -1.0]], np.float32)
    changed = with_sure_labels(logits, table, ("contrast",), softmax=False)
    np.testing.assert_array_equal(changed, np.array([[4.0, np.nan], [-4.0, 1.5], [-1.0, -1.0]], np.float32))
    assert with_sure_labels(logits, table, (), softmax=False) is logits


def test_sure_labels_of_a_softmax_head_are_split_between_its_two_outputs() -> None:
    table = TextTable(
        ["a", "b"],
        np.array([[1], [0]], np.float32),
        np.ones(2, np.float32),
        ("toxic",),
        ["contrast", "other"],
    )
    changed = with_sure_labels(
        np.array([[1.0, -1.0], [0.5, -0.5]], np.float32), table, ("contrast",), softmax=True
    )
    np.testing.assert_array_equal(changed, np.array([[-2.0, 2.0], [0.5, -0.5]], np.float32))
