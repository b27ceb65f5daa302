"""Files with the columns of HateCheck and Multilingual HateCheck: brought by page and command, then run on a model."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError
from django.test import Client

from classifier.model_versions.services import model_version_register
from classifier.models import User
from classifier.tests.tiny_artifact import tiny_artifact
from training.ml.evaluation.run import suite_reports
from training.ml.evaluation.subject import ServedModel
from training.ml.evaluation.suites import SuiteError, parse_cases
from training.models import TestSuite, TestSuiteResult
from training.tests.cli.conftest import run, run_json
from training.tests.evaluations.test_hub_suites import HATECHECK, MULTILINGUAL

pytestmark = pytest.mark.django_db


def multilingual() -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["", *MULTILINGUAL])  # the first column of the published files is an index without a name
    writer.writerows([index, *row] for index, row in enumerate(zip(*MULTILINGUAL.values(), strict=True)))
    return stream.getvalue().encode()


@pytest.fixture
def answers(tmp_path: Path) -> Any:
    """Run a stored suite on a tiny model; return the number of cases by functionality."""
    subject = ServedModel(tiny_artifact(tmp_path / "model"), "fp32", ["en"])

    def answer(suite: TestSuite) -> dict[str, int]:
        fields = {name: getattr(suite, name) for name in ("id", "name", "kind", "label", "cases")}
        [report] = suite_reports(subject, [fields])
        assert (report["rows"], report["not_measured"]) == (len(suite.cases), 0)
        return {part["functionality"]: part["rows"] for part in report["by_functionality"]}

    return answer


def test_a_file_is_brought_on_the_page_shown_and_run(client: Client, model_admin: User, answers: Any) -> None:
    client.force_login(model_admin)
    form = {"name": "HateCheck by file", "kind": "cases", "label": "toxic"}
    response = client.post(
        "/training/suites/new/", {**form, "file": SimpleUploadedFile("test.csv", HATECHECK.encode())}
    )
    suite = TestSuite.objects.get()
    assert response.headers["Location"] == f"/training/suites/{suite.pk}/"
    page = client.get(response.headers["Location"]).content.decode()
    for words in ("derog neg attrib h", "ident neutral nh", "Damn that was loud!", "women"):
        assert words in page
    assert answers(suite) == dict.fromkeys(("derog_neg_attrib_h", "ident_neutral_nh", "profanity_nh"), 1)


def test_a_file_of_multilingual_hatecheck_is_brought_by_the_command_and_run(
    tmp_path: Path, answers: Any
) -> None:
    path = tmp_path / "hatecheck_cases_final_spanish.csv"
    path.write_bytes(multilingual())
    made = run_json("suite", "add", path, "--name", "Spanish", "--kind", "cases", "--label", "toxic")
    assert (made["name"], made["cases"], made["groups"]) == ("Spanish", 2, ["women"])
    assert "2 cases  Spanish" in run("suite", "list")
    suite = TestSuite.objects.get()
    assert [(case["expected"], case.get("group")) for case in suite.cases] == [(1, "women"), (0, "")]
    assert answers(suite) == dict.fromkeys(("derog_neg_attrib_h", "ident_neutral_nh"), 1)


def test_a_file_with_another_answer_is_refused_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "test.csv"
    path.write_text(HATECHECK.replace("non-hateful,women", "neutral,women"))
    with pytest.raises(CommandError, match="Row 3, column expected: 'neutral' is no expected answer"):
        run("suite", "add", path, "--name", "x", "--kind", "cases", "--label", "toxic")
    assert not TestSuite.objects.exists()


MANY_LANGUAGES = (
    "mhc_case_id,functionality,test_case,label_gold,target_ident\n"
    "spanish-1,derog_neg_attrib_h,Las mujeres estropean el coro.,hateful,women\n"
    "spanish-2,ident_neutral_nh,Una mujer dirige el coro.,non-hateful,women\n"
    "german-1,derog_neg_attrib_h,Frauen verderben jeden Chor.,hateful,women\n"
    "german-2,ident_neutral_nh,Eine Frau leitet den Chor.,non-hateful,women\n"
    "german-3,ident_neutral_nh,Die Frau singt im Chor.,non-hateful,women\n"
)


def test_all_languages_in_one_file_are_reported_by_functionality_and_language(
    tmp_path: Path, client: Client, model_admin: User
) -> None:
    path = tmp_path / "mhc.csv"
    path.write_text(MANY_LANGUAGES)
    made = run_json("suite", "add", path, "--name", "All", "--kind", "cases", "--label", "toxic")
    suite = TestSuite.objects.get(pk=made["id"])
    assert [case["language"] for case in suite.cases] == ["es", "es", "de", "de", "de"]

    model = tiny_artifact(tmp_path / "model", name="loud", threshold=0.0)  # it calls everything toxic
    report = run_json("suite", "run", model, "--suite", "All")["suites"][0]
    by_language = {part["language"]: part for part in report["by_language"]}
    assert [(one["right"], one["rows"]) for one in by_language.values()] == [(1, 3), (1, 2)]
    assert list(by_language) == ["de", "es"]  # the weakest first
    area = by_language["de"]["roc_auc"]
    assert area is not None
    assert 0.0 <= area <= 1.0
    assert {part["functionality"]: part["languages"] for part in report["by_functionality"]} == {
        "derog_neg_attrib_h": {"de": {"rows": 1, "right": 1}, "es": {"rows": 1, "right": 1}},
        "ident_neutral_nh": {"de": {"rows": 2, "right": 0}, "es": {"rows": 1, "right": 0}},
    }
    lines = run("suite", "run", model, "--suite", "All")
    assert "0 of 3     ident_neutral_nh  de 0/2  es 0/1" in lines
    assert "1 of 3     in de" in lines

    version = model_version_register(directory=model)
    TestSuiteResult.objects.create(suite=suite, model_version=version, report=report)
    client.force_login(model_admin)
    page = client.get(f"/training/suites/{suite.pk}/").content.decode()
    assert "By functionality and language" in page
    assert page.count("German") == page.count("Spanish") == 2


def test_a_column_of_languages_outweighs_the_id_and_a_wrong_one_is_refused() -> None:
    rows = "text,expected,language,mhc_case_id\nein Satz,0,de-AT,spanish-1\nne phrase,1,French,\nx,1,,\n"
    assert [case.language for case in parse_cases(rows.encode())] == ["de-AT", "fr", ""]
    with pytest.raises(SuiteError, match="row 2, column language: '\\?\\?' is no language"):
        parse_cases(b"text,expected,language\nx,1,??\n")
