"""Suites of the hub: asked for at once, loaded by the worker with the real `datasets` library; failures are told.

The rows have the columns of HateCheck and of Multilingual HateCheck; their texts are our own.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError
from django.test import Client

from classifier.models import User
from training.core.errors import SuiteRejected
from training.evaluations.hub_suites import suite_forget, suite_from_hub, suite_load, suites_wanted
from training.ml.evaluation.hub_suites import SUITE_PRESETS, read_hub_suite
from training.ml.evaluation.suites import Case, SuiteError
from training.models import TestSuite
from training.tests.cli.conftest import run, run_json

pytestmark = pytest.mark.django_db

HATECHECK = (
    "functionality,case_id,test_case,label_gold,target_ident,direction,focus_words,focus_lemma,ref_case_id,"
    "ref_templ_id,templ_id,case_templ\n"
    "derog_neg_attrib_h,1,Women ruin every choir they join.,hateful,women,general,ruin,ruin,,,1,[ID] ruin it.\n"
    "ident_neutral_nh,2,A woman conducts the choir.,non-hateful,women,,,,1.0,1.0,2,A [ID] conducts it.\n"
    "profanity_nh,3,Damn that was loud!,non-hateful,,,damn,damn,,,3,Damn that was loud!\n"
)
MULTILINGUAL = {
    "mhc_case_id": ["spanish-1", "spanish-2"],
    "functionality": ["derog_neg_attrib_h", "ident_neutral_nh"],
    "test_case": ["Las mujeres estropean el coro.", "Una mujer dirige el coro."],
    "label_gold": ["hateful", "non-hateful"],
    "target_ident": ["women", None],
    "ref_case_id": [None, 1.0],
    "templ_id": [1, 2],
    "label_annotated": ["['hateful', 'hateful', 'hateful']", "['non-hateful', 'non-hateful', 'hateful']"],
    "label_annotated_maj": ["hateful", "non-hateful"],
    "disagreement_in_case": [False, True],
    "disagreement_in_template": [False, True],
}


@pytest.fixture
def hub(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, redis_clean: None) -> Path:
    """`datasets` takes Paul/hatecheck of the working directory as it takes one of the hub."""
    folder = tmp_path / "hub"
    (folder / "Paul" / "hatecheck").mkdir(parents=True)
    (folder / "Paul" / "hatecheck" / "test.csv").write_text(HATECHECK)
    (folder / "Paul" / "hatecheck-spanish").mkdir()
    pq.write_table(pa.table(MULTILINGUAL), folder / "Paul" / "hatecheck-spanish" / "test.parquet")
    (folder / "acme" / "poems").mkdir(parents=True)
    (folder / "acme" / "poems" / "test.csv").write_text("poem,poet\nroses,me\n")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    settings.RUNS_DIR = tmp_path / "runs"
    # The child runs in an empty folder, where no name can be a path; here that folder holds the "hub".
    monkeypatch.setattr("training.evaluations.hub_suites.EMPTY_FOLDER", str(folder))
    return folder


def test_hatecheck_waits_until_the_worker_has_loaded_it(hub: Path, model_admin: User) -> None:
    wanted = suite_from_hub(hub_name="hatecheck", by=model_admin)
    assert (wanted.hub_name, wanted.name, wanted.state) == ("Paul/hatecheck", "HateCheck", "loading")
    assert not TestSuite.objects.exists()
    suite = suite_load(key=wanted.key)
    assert suite is not None
    assert (suite.name, suite.created_by, suite.groups) == ("HateCheck", model_admin, ["women"])
    assert "CC BY 4.0" in suite.description
    assert suite.cases[1] == Case("A woman conducts the choir.", 0, "ident_neutral_nh", "women").to_dict()
    assert [case["expected"] for case in suite.cases] == [1, 0, 0]
    assert suites_wanted() == []
    assert suite_load(key=wanted.key) is None  # the message comes twice
    with pytest.raises(SuiteRejected, match="“HateCheck” already"):
        suite_from_hub(hub_name="Paul/hatecheck", by=model_admin)


def test_the_columns_of_multilingual_hatecheck_are_read(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(hub)
    assert read_hub_suite(SUITE_PRESETS["hatecheck-spanish"].hub_name) == [
        Case("Las mujeres estropean el coro.", 1, "derog_neg_attrib_h", "women", language="es"),
        Case("Una mujer dirige el coro.", 0, "ident_neutral_nh", language="es"),
    ]
    with pytest.raises(SuiteError, match="column text: the column is missing; there are: poem, poet"):
        read_hub_suite("acme/poems")


def test_what_cannot_be_loaded_says_why_on_the_page_and_is_taken_off(
    hub: Path, model_admin: User, client: Client
) -> None:
    wanted = suite_from_hub(hub_name="acme/poems", by=model_admin)
    assert suite_load(key=wanted.key) is None
    assert suite_load(key=wanted.key) is None  # it waits for a person now
    client.force_login(model_admin)
    page = client.get("/training/suites/").content.decode()
    assert "could not be loaded from acme/poems" in page
    assert "column text: the column is missing" in page
    assert client.post(f"/training/suites/hub/{wanted.key}/forget/").status_code == 302
    assert suites_wanted() == []


def test_the_form_takes_a_known_one_and_refuses_a_path(hub: Path, model_admin: User, client: Client) -> None:
    client.force_login(model_admin)
    page = client.get("/training/suites/hub/", {"preset": "hatecheck-french"}).content.decode()
    assert 'value="Paul/hatecheck-french"' in page
    values = {"hub_name": "../../etc", "name": "x", "label": "toxic"}
    refused = client.post("/training/suites/hub/", values)
    assert refused.status_code == 422
    assert "is no hub name" in refused.content.decode()
    values["hub_name"] = "Paul/hatecheck"
    assert client.post("/training/suites/hub/", values).status_code == 302
    assert [row.name for row in suites_wanted()] == ["x"]


def test_the_command_loads_it_here(hub: Path) -> None:
    made = run_json("suite", "add-hub", "hatecheck-spanish", "--here")
    assert (made["name"], made["cases"]) == ("HateCheck, Spanish", 2)
    with pytest.raises(CommandError, match="column text: the column is missing"):
        run("suite", "add-hub", "acme/poems", "--here")
    assert suites_wanted() == []


def test_only_who_may_add_suites_asks_for_one(hub: Path, moderator: User) -> None:
    with pytest.raises(PermissionDenied, match=r"lacks the permission training\.add_testsuite$"):
        suite_from_hub(hub_name="hatecheck", by=moderator)
    with pytest.raises(PermissionDenied, match=r"lacks the permission training\.add_testsuite$"):
        suite_forget(key="x", by=moderator)
